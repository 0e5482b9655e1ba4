/**
 * Patterns whose runs multiply, single runs beside sets of paths: `node dist/test/bench/arena-bench.js`. CPU time of one thread;
 * matches are counted, not made.
 */
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { ActiveVersion } from '../../src/core/nfa/active-version.js';
import type { RunsOrPaths } from '../../src/core/nfa/arena/arena-matcher.js';
import { ArenaMatcher } from '../../src/core/nfa/arena/arena-matcher.js';
import { RunMatcher } from '../../src/core/nfa/match-runs.js';
import { createRunSet } from '../../src/core/nfa/run-set.js';
import type { VectorCase } from '../vectors/vector-case.js';
import { compileVector, vectorEvents } from '../vectors/vector-case.js';

const compiler = createJsonataCompiler();

interface Load {
  readonly name: string;
  readonly steps: readonly object[];
  readonly withinMs: number;
  /** Name of the event at each ms. */
  readonly nameAt: (at: number) => string;
  readonly events: number;
}

function measure({ name, steps, withinMs, nameAt, events: count }: Load, fromRuns: number, cpuMaxMs: number): void {
  const body = Array.from({ length: count }, (_, at) => ({ ts: at, name: nameAt(at) }));
  const vector = { pattern: { within: withinMs, sequence: steps }, events: body } as unknown as VectorCase;
  const version = new ActiveVersion(1, compileVector(vector, compiler), () => undefined);
  let matches = 0;
  const receiver = {
    match: () => void matches++,
    matchRows: ({ runs }: { runs: readonly unknown[] }) => void (matches += runs.length),
    completedRows: (rows: { count: number }) => void (matches += rows.count),
    timeout: () => undefined,
    overflow: () => undefined,
    startsOver: () => undefined,
  };
  const limits = { runsMax: 1e15, overflow: 'dropOldest' } as const;
  const matcher = new RunMatcher([version], version, 'ordered', limits, receiver);
  const hybrid = new ArenaMatcher(version, matcher, { ...limits, starting: true, fromRuns }, receiver);
  const state: RunsOrPaths = { set: createRunSet(), arena: undefined };
  const events = vectorEvents(vector);
  const start = process.cpuUsage();
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  };
  let runsMax = 0;
  let done = 0;
  for (; done < events.length; done++) {
    const event = events[done];
    if (event === undefined || (done % 16 === 0 && cpuMs() > cpuMaxMs)) break;
    hybrid.advance(state, event.time);
    hybrid.step(state, event, done + 1, undefined);
    runsMax = Math.max(runsMax, state.arena?.runs ?? state.set.size);
  }
  const seconds = cpuMs() / 1_000;
  const nodes = state.arena?.store.nodes;
  const size = nodes === undefined ? '' : `, ${nodes.size} nodes of ${nodes.bytes / nodes.left.length} bytes`;
  const way = fromRuns === Infinity ? 'runs ' : 'paths';
  console.log(
    `${name} ${way}: ${Math.round(done / seconds)} events/s, ${Math.round(matches / seconds).toLocaleString('en-US')} rows/s, ` +
      `${Math.round(runsMax).toLocaleString('en-US')} runs at most, ${done} events${size}`,
  );
}

const step = (relation: string, name: string, more: object = {}): object => ({
  [relation]: name,
  where: `name = '${name}'`,
  ...more,
});
const quadratic = [step('begin', 'a'), step('followedByAny', 'b'), step('followedByAny', 'c')];
const doubling = [
  step('begin', 'a'),
  step('followedByAny', 'b', { times: { min: 1 }, allowCombinations: true }),
  step('followedByAny', 'c'),
];
const abc = (everyC: number) => (at: number) => (at % everyC === everyC - 1 ? 'c' : at % 2 === 0 ? 'a' : 'b');

function main(): void {
  for (const fromRuns of [Infinity, 0]) {
    for (const withinMs of [10, 30, 60, 90, 200, 600, 2_000, 6_000]) {
      const load = { name: `a ->> b ->> c within ${withinMs}`, steps: quadratic, withinMs, nameAt: abc(100) };
      measure({ ...load, events: 200_000 }, fromRuns, 3_000);
    }
    for (const withinMs of [12, 16, 20, 26, 32, 46]) {
      const load = { name: `a ->> b+ combined ->> c within ${withinMs}`, steps: doubling, withinMs, nameAt: abc(10) };
      measure({ ...load, events: 200_000 }, fromRuns, 3_000);
    }
    const load = { name: 'a ->> b, one event in ten completes', steps: quadratic.slice(0, 2), withinMs: 10_000 };
    measure({ ...load, nameAt: (at) => (at % 10 === 0 ? 'b' : 'a'), events: 100_000 }, fromRuns, 3_000);
  }
}

main();
