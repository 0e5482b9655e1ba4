/**
 * Evaluates predicates at most once where the answer cannot differ: a unary predicate once per event, one over earlier events
 * once per (event, run). A condition that throws is false and is reported (language specification, section 2).
 */
import { ExpressionError, NO_CONSTANTS } from '../expression/expression.js';
import type { Constants, Scope } from '../expression/expression.js';
import type { KeyValue } from '../model/key.js';
import type { StreamEvent } from '../model/event.js';
import type { Automaton, Guard, Predicate } from './automaton.js';
import type { PathNode } from './path.js';
import type { SharedVerdict } from './shared-verdicts.js';

const NO_EVENTS: readonly unknown[] = [];

/** Told of every condition that failed on an event. */
export type ConditionFailure = (error: ExpressionError, event: StreamEvent) => void;

/** Conditions of one automaton, evaluated on one event and one run at a time. */
export class ConditionCache implements Scope {
  body: unknown = undefined;
  event: StreamEvent;
  key: KeyValue | undefined = undefined;
  params: Readonly<Record<string, unknown>>;
  constants: Constants = NO_CONSTANTS;
  private path: PathNode | undefined = undefined;
  /** Serial of the current event and of the current (event, run); a predicate's stamp says for which its verdict holds. */
  private eventSerial = 0;
  private visitSerial = 0;
  private serial = 0;
  private readonly stamps: Float64Array;
  private readonly verdicts: Uint8Array;
  private readonly collected: (unknown[] | undefined)[];
  private collectedFor = -1;

  constructor(
    private readonly automaton: Automaton,
    private readonly onFailure: ConditionFailure,
    noEvent: StreamEvent,
    /** Of the conditions that other rules may have, too. */
    private readonly shared: readonly (SharedVerdict | undefined)[] = [],
  ) {
    this.event = noEvent;
    this.params = automaton.params;
    this.stamps = new Float64Array(automaton.predicates.length).fill(-1);
    this.verdicts = new Uint8Array(automaton.predicates.length);
    this.collected = automaton.stages.map(() => undefined);
  }

  /** The event to be judged from here on; entering it again keeps what is known of it. */
  enterEvent(event: StreamEvent, key: KeyValue | undefined): void {
    this.path = undefined;
    if (event === this.event && key === this.key) {
      this.visitSerial = this.eventSerial;
      return;
    }
    this.event = event;
    this.body = event.body;
    this.key = key;
    this.eventSerial = ++this.serial;
    this.visitSerial = this.eventSerial;
  }

  /** The run before the event: `path` is its last node, undefined for Start. */
  enterRun(path: PathNode | undefined): void {
    this.path = path;
    this.visitSerial = ++this.serial;
  }

  /** False if the event alone says that no predicate holds on it, whatever the run. */
  anyPredicateMayHold(): boolean {
    const { predicates } = this.automaton;
    for (let i = 0; i < predicates.length; i++) {
      const { unary, expression } = predicates[i] as Predicate;
      if (unary ? this.verdict(i) : (expression.gate?.(this) ?? true)) return true;
    }
    return false;
  }

  holds(guard: Guard): boolean {
    for (let i = 0; i < guard.length; i++) {
      const literal = guard[i] as number;
      if (this.verdict(literal >> 1) === ((literal & 1) === 1)) return false;
    }
    return true;
  }

  /**
   * What the event alone says of a guard: it holds for every run, it fails for every run, or undefined, it depends on the run. The
   * predicate `assumedFalse` (-1 for none) counts as false. A run has not been entered since the event was.
   */
  judgeGuard(guard: Guard, assumedFalse: number): boolean | undefined {
    let open = false;
    for (let i = 0; i < guard.length; i++) {
      const literal = guard[i] as number;
      const index = literal >> 1;
      const verdict = index === assumedFalse ? false : this.verdictOfEvent(index);
      if (verdict === undefined) open = true;
      else if (verdict === ((literal & 1) === 1)) return false;
    }
    return open ? undefined : true;
  }

  anyHolds(guards: readonly Guard[]): boolean {
    for (let i = 0; i < guards.length; i++) if (this.holds(guards[i] as Guard)) return true;
    return false;
  }

  stageEvents(slot: number): readonly unknown[] {
    if (this.path === undefined) return NO_EVENTS;
    if (this.collectedFor !== this.visitSerial) {
      this.collected.fill(undefined);
      for (let node: PathNode | undefined = this.path; node !== undefined; node = node.previous) {
        const list = this.collected[node.stage];
        if (list === undefined) this.collected[node.stage] = [node.event.body];
        else list.push(node.event.body);
      }
      for (const list of this.collected) list?.reverse();
      this.collectedFor = this.visitSerial;
    }
    return this.collected[slot] ?? NO_EVENTS;
  }

  /** The verdict on a predicate that the event alone decides; undefined if it asks about the run. */
  private verdictOfEvent(index: number): boolean | undefined {
    const { unary, expression } = this.automaton.predicates[index] as Predicate;
    if (unary) return this.verdict(index);
    return expression.gate?.(this) === false ? false : undefined;
  }

  private verdict(index: number): boolean {
    const predicate = this.automaton.predicates[index] as Predicate;
    const serial = predicate.unary ? this.eventSerial : this.visitSerial;
    if (this.stamps[index] !== serial) {
      this.stamps[index] = serial;
      this.verdicts[index] = this.test(predicate, this.shared[index]) ? 1 : 0;
    }
    return this.verdicts[index] === 1;
  }

  private test({ expression }: Predicate, shared: SharedVerdict | undefined): boolean {
    try {
      return shared !== undefined && shared.users > 1
        ? shared.test(expression, this, this.event)
        : expression.test(this);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.onFailure(error, this.event);
      return false;
    }
  }
}
