/**
 * Runs of one bucket by the value that an event must show to be more than noise to them: an access predicate `field =
 * $stage.field` turned into a hash. A value the hash cannot tell (none, an array, an object, several events in the stage)
 * leaves its run among those that are always asked.
 */
import type { Join } from '../expression/expression.js';
import type { PathNode } from './path.js';
import type { Run } from './run.js';
import { RunList } from './run-list.js';

type Value = string | number | boolean;

/** Runs that must be asked whatever the event shows; equality decides nothing about them. */
const UNKNOWN = Symbol('unknown');

export class RunLookup {
  /** Most values have one run. */
  private readonly byValue = new Map<Value, Run | RunList>();
  private readonly asked = new RunList();

  constructor(
    private readonly join: Join,
    runs: Iterable<Run>,
  ) {
    for (const run of runs) this.add(run);
  }

  add(run: Run): void {
    const value = run.hasPath ? stageValue(run.node, this.join) : firstValue(run, this.join);
    run.sought = value;
    if (value === UNKNOWN) {
      this.asked.add(run);
      return;
    }
    const there = this.byValue.get(value);
    if (there === undefined) this.byValue.set(value, run);
    else if (there instanceof RunList) there.add(run);
    else this.byValue.set(value, listOf(there, run));
  }

  /** The run was marked dead. */
  remove(run: Run): void {
    const value = run.sought as Value | typeof UNKNOWN;
    if (value === UNKNOWN) {
      this.asked.removed();
      return;
    }
    const there = this.byValue.get(value);
    if (there instanceof RunList) there.removed();
    if (there === run || (there instanceof RunList && there.size === 0)) this.byValue.delete(value);
  }

  /** Visits every run the event may concern; false, having visited none, if the hash cannot tell and all must be asked. */
  visit(body: unknown, ask: (run: Run) => void): boolean {
    const value = readPlain(body, this.join.fields);
    if (value === UNKNOWN) return false;
    const there = value === undefined ? undefined : this.byValue.get(value);
    if (there instanceof RunList) there.forEach(ask);
    else if (there !== undefined) ask(there);
    this.asked.forEach(ask);
    return true;
  }
}

function listOf(...runs: readonly Run[]): RunList {
  const list = new RunList();
  for (const run of runs) list.add(run);
  return list;
}

/** As `stageValue`, of a run of one event. */
function firstValue({ startStage, first }: Run, { slot, stageFields }: Join): Value | typeof UNKNOWN {
  return startStage === slot ? (readPlain(first.body, stageFields) ?? UNKNOWN) : UNKNOWN;
}

/** The value in the one event of the stage. */
function stageValue(last: PathNode, { slot, stageFields }: Join): Value | typeof UNKNOWN {
  let body: unknown = UNKNOWN;
  for (let node: PathNode | undefined = last; node !== undefined; node = node.previous) {
    if (node.stage !== slot) continue;
    if (body !== UNKNOWN) return UNKNOWN;
    body = node.event.body;
  }
  return body === UNKNOWN ? UNKNOWN : (readPlain(body, stageFields) ?? UNKNOWN);
}

/** A primitive at the path; undefined for none (nothing equals it), `UNKNOWN` where `=` means more than sameness. */
function readPlain(body: unknown, fields: readonly string[]): Value | undefined | typeof UNKNOWN {
  let value = body;
  for (let i = 0; ; i++) {
    if (Array.isArray(value)) return UNKNOWN;
    if (i === fields.length) break;
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[fields[i] as string];
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === undefined ? undefined : UNKNOWN;
}
