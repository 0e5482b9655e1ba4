/** Alerts of shadow rules: recorded, not published. The newest of each rule are kept, in the store too. */
import { limits } from '../core/limits.js';
import type { StateStore, StoreChange } from '../ports/store.js';
import { rangeOf, shadowKey } from './state-layout.js';

interface Recorded {
  readonly number: number;
  readonly body: string;
}

export class ShadowLog {
  private readonly byRule = new Map<string, Recorded[]>();

  async load(store: StateStore): Promise<void> {
    for await (const [key, body] of store.entries(...rangeOf('s/'))) {
      const [, rule = '', number = ''] = key.split('/');
      this.listOf(rule).push({ number: Number(number), body });
    }
  }

  /** Records an alert; what the store must change. */
  add(rule: string, body: string): StoreChange[] {
    const list = this.listOf(rule);
    const number = (list[list.length - 1]?.number ?? 0) + 1;
    list.push({ number, body });
    const changes: StoreChange[] = [{ kind: 'put', key: shadowKey(rule, number), value: body }];
    if (list.length > limits.shadowAlertsPerRuleMax) {
      const oldest = list.shift() as Recorded;
      changes.push({ kind: 'del', key: shadowKey(rule, oldest.number) });
    }
    return changes;
  }

  /** Forgets what was recorded of a rule; what the store must change. */
  forget(rule: string): StoreChange[] {
    const recorded = this.byRule.get(rule) ?? [];
    this.byRule.delete(rule);
    return recorded.map(({ number }): StoreChange => ({ kind: 'del', key: shadowKey(rule, number) }));
  }

  /** The recorded alerts of a rule, oldest first, as CloudEvents. */
  of(rule: string): readonly string[] {
    return (this.byRule.get(rule) ?? []).map((one) => one.body);
  }

  private listOf(rule: string): Recorded[] {
    const list = this.byRule.get(rule) ?? [];
    this.byRule.set(rule, list);
    return list;
  }
}
