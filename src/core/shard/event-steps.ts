/** What an event does to the keys of one group: the rules it concerns are found, then each is stepped on what it holds for the key. */
import type { StreamEvent } from '../model/event.js';
import type { KeyToken, KeyValue } from '../model/key.js';
import type { Ownership } from '../model/ownership.js';
import { ownsKey } from '../model/ownership.js';
import type { LoneBegin } from '../nfa/lone-matcher.js';
import { BEGINS, WAITS } from '../nfa/lone-matcher.js';
import type { ActiveRule } from './active-rule.js';
import type { KeyReader } from './key-reader.js';
import type { Held } from './key-rules.js';
import type { KeyState } from './key-state.js';
import { isEmpty } from './key-state.js';
import type { KeyTable } from './key-table.js';
import { beginLone, LoneOfRule } from './lone-of-rule.js';
import { AHEAD_MAX, LookAhead } from './look-ahead.js';
import { RuleIndex } from './rule-index.js';
import { FOUND_ASK, FOUND_BEGINS, FOUND_BITS, FOUND_SURE_BEGIN, FOUND_SURE_END } from './way-rows.js';

/** Gives events their place in the shard's order of processing. */
export interface OrdinalCounter {
  next: number;
}

/** An event at its key. */
interface EventOfKey {
  readonly event: StreamEvent;
  readonly value: KeyValue | undefined;
  readonly ordinal: number;
}

export class EventSteps {
  /** Events that rules were found for and that had no key. */
  keyMissing = 0;
  /** Which keys are this shard's; undefined: every key it is given. */
  ownership: Ownership | undefined;
  private rules: readonly ActiveRule[] = [];
  private readonly index = new RuleIndex();
  private readonly ahead = new LookAhead();
  /** The rules that are concerned, as they were found, and where the key holds something of them: scratch of one event. */
  private readonly concerned: number[] = [];
  private readonly places: number[] = [];
  private readonly found: number[] = [];

  constructor(
    private readonly table: KeyTable,
    private readonly readers: ReadonlyMap<string, KeyReader>,
    private readonly ordinals: OrdinalCounter,
  ) {}

  useRules(rules: readonly ActiveRule[]): void {
    this.rules = rules;
    this.index.use(rules);
  }

  /** Events in order, however many. */
  processAll(events: readonly StreamEvent[]): void {
    for (let from = 0; from < events.length;) {
      const to = this.lookAhead(events, from, Math.min(from + AHEAD_MAX, events.length));
      for (let at = from; at < to; at++) this.process(events[at] as StreamEvent, at - from);
      from = to;
    }
  }

  /** Before each of them is processed: looks at the events from `from` to before `to`, or fewer; gives where it ended (look-ahead.ts). */
  lookAhead(events: readonly StreamEvent[], from: number, to: number): number {
    const { ahead, table } = this;
    const end = ahead.find(this.index, events, from, to);
    ahead.findKeys(this.readers, table.keys, events, from);
    ahead.fetch(this.rules, table.keys.size);
    return end;
  }

  /** `at`: the place of the event among those looked at. */
  process(event: StreamEvent, at: number): void {
    const { ahead, table } = this;
    const from = ahead.fromOf(at);
    const to = ahead.toOf(at);
    // Before an event that concerns no rule, too: a deadline may condemn runs which that event drops.
    if (table.nextTime <= event.time) table.passTime(event.time);
    if (from === to) {
      if (table.condemning) this.processNoise(event);
      return;
    }
    const token = ahead.tokens[at];
    if (token === undefined) {
      if (this.ownership === undefined || this.ownership.shard === 0) this.keyMissing++;
      return;
    }
    if (this.ownership !== undefined && !ownsKey(this.ownership, token)) return;
    const before = ahead.known[at];
    const key = before === undefined || before.gone ? table.keys.get(token) : before;
    const value = ahead.values[at];
    this.ask(event, value, { key, found: ahead.found, from, to });
    if (this.concerned.length === 0 && !(table.condemning && key?.rules.condemned === true)) return;
    this.stepKey(token, key, { event, value, ordinal: this.ordinals.next++ });
  }

  /** An event that no rule is found for matters to keys with condemned runs. */
  private processNoise(event: StreamEvent): void {
    const reader = this.readers.get(event.source);
    const token = reader?.tokenOf(event);
    const key = token === undefined ? undefined : this.table.keys.get(token);
    if (token === undefined || key?.rules.condemned !== true) return;
    if (this.ownership !== undefined && !ownsKey(this.ownership, token)) return;
    this.forgetConcerned();
    this.stepKey(token, key, { event, value: reader?.value, ordinal: this.ordinals.next++ });
  }

  /** True if a rule is found for the event. */
  mayConcern(event: StreamEvent): boolean {
    const { found } = this;
    found.length = 0;
    this.index.find(event.body, found);
    return found.length > 0;
  }

  /** The event's key, if something must be known of it that only the store knows. */
  coldKeyOf(event: StreamEvent): KeyToken | undefined {
    const reader = this.readers.get(event.source);
    const token = reader?.tokenOf(event);
    if (token === undefined || !this.table.residency.isCold(token)) return undefined;
    if (this.table.condemning) return token;
    const { found } = this;
    found.length = 0;
    this.index.find(event.body, found);
    this.ask(event, reader?.value, { key: 'cold', found, from: 0, to: found.length });
    return this.concerned.every((one) => this.ruleAt(one).isStateless) ? undefined : token;
  }

  private ruleAt(found: number): ActiveRule {
    return this.rules[found >> FOUND_BITS] as ActiveRule;
  }

  private forgetConcerned(): void {
    if (this.concerned.length === 0) return;
    this.concerned.length = 0;
    this.places.length = 0;
  }

  /**
   * Of the rules found those for which the event is more than noise, in order, and beside them where the key holds something of the
   * rule. What a cold key holds is not known.
   */
  private ask(
    event: StreamEvent,
    value: KeyValue | undefined,
    {
      key,
      found,
      from,
      to,
    }: { key: KeyState | undefined | 'cold'; found: readonly number[]; from: number; to: number },
  ): void {
    const { concerned, places } = this;
    this.forgetConcerned();
    for (let i = from; i < to; i++) {
      const one = found[i] as number;
      const rule = this.ruleAt(one);
      const place = key === undefined || key === 'cold' ? -1 : key.rules.placeOf(rule);
      if ((one & FOUND_BEGINS) === 0 && key !== 'cold' && place < 0) continue;
      // Found by what is all of a condition, that condition holds.
      if ((one & FOUND_ASK) !== 0 && rule.isNoise(event, value)) continue;
      concerned.push(one);
      places.push(place);
    }
  }

  private stepKey(token: KeyToken, known: KeyState | undefined, of: EventOfKey): void {
    const { table } = this;
    let key = known;
    if (key !== undefined) {
      table.saveFirst(key);
      if (key.uses <= 0) key.uses++;
    }
    let changed = false;
    let emptied = false;
    let due = Infinity;
    for (let i = 0; i < this.concerned.length; i++) {
      const found = this.concerned[i] as number;
      let place = this.places[i] as number;
      if (place < 0) {
        const begun = this.begin(found, of);
        if (begun === undefined) continue;
        key ??= table.residency.create(token, of.value);
        place = this.add(key, begun, of);
        changed = true;
      } else if (this.stepHeld(key as KeyState, place, found, of)) changed = true;
      const at = (key as KeyState).rules.dueAt(place);
      if (at < due) due = at;
      else if (Number.isNaN(at)) emptied = true;
    }
    if (key === undefined) return;
    if (table.condemning && this.dropCondemned(key, of)) {
      changed = true;
      emptied = true;
    }
    if (changed) table.markDirty(key);
    // What the event did not touch is as it was: it need not be looked at.
    if (emptied) table.settle(key);
    else table.schedule(key, due);
  }

  /** What a rule, which holds nothing for the key, holds from the event on: a lone run, or a state that is still to be stepped. */
  private begin(found: number, { event, value, ordinal }: EventOfKey): Held | undefined {
    const rule = this.ruleAt(found);
    const alone = rule.loneBegin;
    if ((found & FOUND_SURE_BEGIN) !== 0 && alone !== undefined) return beginLone(rule, alone, event, ordinal);
    if (!rule.admit(event, value)) return undefined;
    if (alone !== undefined) return rule.beginsAlone(event, value) ? beginLone(rule, alone, event, ordinal) : undefined;
    if (!rule.starts(event, value)) return undefined;
    if (!rule.isStateless) return rule.createState();
    rule.stepStateless(value, event, ordinal);
    return undefined;
  }

  /** Gives the place of what begins; a state is stepped. */
  private add(key: KeyState, begun: Held, of: EventOfKey): number {
    const place = key.rules.size;
    const { rule } = begun;
    if (begun instanceof LoneOfRule) {
      key.rules.add(begun, of.event.time + (rule.loneBegin as LoneBegin).spanMs);
    } else {
      key.rules.add(begun, Infinity);
      this.step(key, place, of);
    }
    return place;
  }

  /** Steps what the rule at the place held before the event; true if anything changed. */
  private stepHeld(key: KeyState, place: number, found: number, of: EventOfKey): boolean {
    const held = key.rules.at(place);
    if (held instanceof LoneOfRule && (found & FOUND_ASK) === 0) {
      const [begins, ends] = [(found & FOUND_SURE_BEGIN) !== 0, (found & FOUND_SURE_END) !== 0];
      const done = held.rule.stepKnown(key, held, { begins, ends }, of);
      if (done !== undefined) return this.settleAlone(key, place, done, of);
    }
    return held.rule.admit(of.event, key.key) && this.step(key, place, of);
  }

  /** Steps what the rule at the place holds on an admitted event; true if anything changed. */
  private step(key: KeyState, place: number, of: EventOfKey): boolean {
    const { event, ordinal } = of;
    const held = key.rules.at(place);
    if (held instanceof LoneOfRule) {
      const done = held.rule.stepAlone(key, held, event, ordinal);
      if (done !== undefined) return this.settleAlone(key, place, done, of);
    }
    const state = key.rules.stateAt(place);
    const changed = state.rule.step(key, state, event, ordinal);
    if (changed || isEmpty(state)) this.table.refresh(key, place, state);
    else if (held !== state) key.rules.put(place, held);
    return changed;
  }

  /** After a step of the lone run at the place, which did what `done` says; true if anything changed. */
  private settleAlone(key: KeyState, place: number, done: number, { event, ordinal }: EventOfKey): boolean {
    if (done === WAITS) return false;
    const waits = (done & WAITS) !== 0;
    if ((done & BEGINS) === 0) {
      if (!waits) key.rules.letGo(place);
      return true;
    }
    const { rule } = key.rules.at(place);
    const alone = rule.loneBegin as LoneBegin;
    const begun = beginLone(rule, alone, event, ordinal);
    if (waits) {
      this.table.join(key, place, begun);
      return true;
    }
    key.rules.put(place, begun);
    key.rules.setDue(place, event.time + alone.spanMs);
    return true;
  }

  /** Condemned runs of rules to which the event is noise leave with it all the same. */
  private dropCondemned(key: KeyState, of: EventOfKey): boolean {
    let changed = false;
    for (let i = 0; i < key.rules.size; i++) {
      const held = key.rules.at(i);
      if (held instanceof LoneOfRule || !held.set.condemned) continue;
      if (this.concerned.some((one) => this.ruleAt(one) === held.rule)) continue;
      if (held.rule.admit(of.event, key.key) && this.step(key, i, of)) changed = true;
    }
    return changed;
  }
}
