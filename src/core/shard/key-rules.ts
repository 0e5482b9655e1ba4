/**
 * What rules hold for one key, in the order in which they came. A key of thousands of rules is asked about rules that hold nothing
 * for it, and for its next deadline: owners and deadlines lie side by side, so that nothing else is looked at for that.
 */
import type { ActiveRule, RuleState } from './active-rule.js';
import { LoneOfRule } from './lone-of-rule.js';

/** What one rule holds for one key. */
export type Held = RuleState | LoneOfRule;

/** Of a line of the processor's cache. */
const POINTERS_PER_LINE = 8;

/** Of what is let go with `clearAway`. */
const VOID = NaN;

export class KeyRules {
  size = 0;
  /** Where there is but one. */
  private only: Held | undefined = undefined;
  private onlyDue = Infinity;
  /** From the second one on, until none is left. */
  private owners: ActiveRule[] | undefined = undefined;
  private held: Held[] | undefined = undefined;
  private dues: number[] | undefined = undefined;

  at(place: number): Held {
    return (this.held === undefined ? this.only : this.held[place]) as Held;
  }

  /** As single runs or paths, which it is from here on. */
  stateAt(place: number): RuleState {
    const held = this.at(place);
    if (!(held instanceof LoneOfRule)) return held;
    const state = held.rule.stateOf(held);
    this.put(place, state);
    return state;
  }

  ruleAt(place: number): ActiveRule {
    return this.owners === undefined ? (this.only as Held).rule : (this.owners[place] as ActiveRule);
  }

  /** The place of what the rule holds; -1 for none. */
  placeOf(rule: ActiveRule): number {
    const { owners } = this;
    if (owners === undefined) return this.only?.rule === rule ? 0 : -1;
    for (let i = 0; i < owners.length; i++) if (owners[i] === rule) return i;
    return -1;
  }

  /** The earliest time at which it changes by itself; Infinity for never. */
  dueAt(place: number): number {
    return this.dues === undefined ? this.onlyDue : (this.dues[place] as number);
  }

  /** The earliest of all of them. */
  get earliest(): number {
    const { dues } = this;
    if (dues === undefined) return this.onlyDue;
    let earliest = Infinity;
    for (let i = 0; i < dues.length; i++) if ((dues[i] as number) < earliest) earliest = dues[i] as number;
    return earliest;
  }

  /** Touches what the next step looks at and where it adds something; the number means nothing. */
  fetch(): number {
    const { owners, held, dues } = this;
    if (owners === undefined || held === undefined || dues === undefined) return 0;
    let sum = 0;
    for (let i = 0; i < owners.length; i += POINTERS_PER_LINE) sum += owners[i] === undefined ? 1 : 0;
    return sum + (held[held.length - 1] === undefined ? 1 : 0) + (dues[dues.length - 1] === 0 ? 1 : 0);
  }

  add(held: Held, due: number): void {
    if (this.size === 0) {
      this.only = held;
      this.onlyDue = due;
    } else if (this.owners === undefined) {
      const only = this.only as Held;
      this.owners = [only.rule, held.rule];
      this.held = [only, held];
      this.dues = [this.onlyDue, due];
      this.only = undefined;
    } else {
      this.owners.push(held.rule);
      this.held?.push(held);
      this.dues?.push(due);
    }
    this.size++;
  }

  put(place: number, held: Held): void {
    if (this.held === undefined) this.only = held;
    else this.held[place] = held;
  }

  setDue(place: number, due: number): void {
    if (this.dues === undefined) this.onlyDue = due;
    else this.dues[place] = due;
  }

  /** It holds nothing any more; it goes with the next `clearAway`, and until then the places stay. */
  letGo(place: number): void {
    this.setDue(place, VOID);
  }

  /** Takes out what was let go. */
  clearAway(): void {
    const { owners, held, dues } = this;
    if (owners === undefined || held === undefined || dues === undefined) {
      if (Number.isNaN(this.onlyDue)) this.clear();
      return;
    }
    let kept = 0;
    for (let i = 0; i < dues.length; i++) {
      if (Number.isNaN(dues[i] as number)) continue;
      if (kept < i) {
        owners[kept] = owners[i] as ActiveRule;
        held[kept] = held[i] as Held;
        dues[kept] = dues[i] as number;
      }
      kept++;
    }
    if (kept === 0) return this.clear();
    while (dues.length > kept) {
      owners.pop();
      held.pop();
      dues.pop();
    }
    this.size = kept;
  }

  clear(): void {
    this.size = 0;
    this.only = undefined;
    this.onlyDue = Infinity;
    this.owners = undefined;
    this.held = undefined;
    this.dues = undefined;
  }

  /** Some run is condemned: the next event of the key, whatever it is, drops it. */
  get condemned(): boolean {
    for (let i = 0; i < this.size; i++) {
      const held = this.at(i);
      if (!(held instanceof LoneOfRule) && held.set.condemned) return true;
    }
    return false;
  }
}
