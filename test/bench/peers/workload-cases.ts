/** The workloads W1 to W7 and W9 as cases: a stream of events and the rules over them. W8 has no events: see `load-rules.ts`. */
import type { EventStream } from './event-streams.js';
import {
  heartbeats,
  liveRuns,
  longWindows,
  manyKeys,
  MANY_RULES,
  outOfOrder,
  pairs,
  typesAndCodes,
} from './event-streams.js';
import type { RuleSpec, WorkloadSpec } from './workload-spec.js';

/** A workload and how its events come about; cases with the same file share them. */
export interface WorkloadCase {
  readonly workload: string;
  readonly spec: WorkloadSpec;
  readonly stream: () => EventStream;
}

const MINUTE_MS = 60_000;
const BATCH = 2_048;

const pairRule: RuleSpec = {
  name: 'w1',
  first: { type: 'a' },
  second: { type: 'b' },
  relation: 'followedBy',
  join: 'none',
  withinMs: 10 * MINUTE_MS,
};

const inOrder = { fill: 0, maxOutOfOrderMs: 0, batch: BATCH, memory: false };

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function pairCases(quick: boolean): WorkloadCase[] {
  const events = quick ? 200_000 : 2_000_000;
  const options = { events, keys: 10_000, seed: 1, relevant: 0.05 };
  const file = `pairs-${events}.ndjson`;
  const late = `pairs-late-${events}.ndjson`;
  const about = `${count(events)} events, 10,000 keys, 5 % relevant`;
  const stream = (): EventStream => pairs(options);
  return [
    {
      workload: 'W1',
      spec: {
        ...inOrder,
        id: 'W1',
        title: `a followedBy b within 10 m; ${about}`,
        events: file,
        measured: events,
        rules: [pairRule],
      },
      stream,
    },
    {
      workload: 'W2',
      spec: {
        ...inOrder,
        id: 'W2',
        title: `W1 with b.amount > a.amount; ${about}`,
        events: file,
        measured: events,
        rules: [{ ...pairRule, join: 'amountGreater' }],
      },
      stream,
    },
    {
      workload: 'W7',
      spec: {
        ...inOrder,
        id: 'W7',
        title: `W1 with 10 % out of order inside 5 s; ${about}`,
        events: late,
        measured: events,
        maxOutOfOrderMs: 5_000,
        rules: [pairRule],
      },
      stream: () => outOfOrder(pairs(options), { share: 0.1, boundMs: 5_000, seed: 7 }),
    },
  ];
}

function longWindowCases(quick: boolean): WorkloadCase[] {
  const events = quick ? 100_000 : 1_000_000;
  // 50 events/s of which 2.5 % begin a run: 27,000 begin in 360 minutes.
  const fill = 27_000;
  const options = { fill, events, keys: 100, seed: 3, stepMs: 20, relevant: 0.05, endsOne: 1_000 };
  return [1, 30, 360].map((minutes) => ({
    workload: 'W3',
    spec: {
      ...inOrder,
      id: `W3 ${minutes} min`,
      title: `a followedBy b with b.code = a.code within ${minutes} min, one b in 1,000 ends a run; ${count(events)} events, 100 keys`,
      events: `long-windows-${events}.ndjson`,
      fill,
      measured: events,
      rules: [{ ...pairRule, name: 'w3', join: 'codeEqual' as const, withinMs: minutes * MINUTE_MS }],
    },
    stream: () => longWindows(options),
  }));
}

function liveRunCases(quick: boolean): WorkloadCase[] {
  return [false, true].flatMap((completing) =>
    [10, 100, 1_000, 10_000].map((runs) => {
      const keys = Math.min(100, 10_000 / runs);
      // A completing event gives `runs` matches: at most 20 million rows.
      const rowsMax = quick ? 1_000_000 : 20_000_000;
      const eventsMax = quick ? 100_000 : 1_000_000;
      const events = completing ? Math.min(eventsMax, rowsMax / (runs / 10)) : eventsMax;
      const kind = completing ? 'completing' : 'idle';
      const rule: RuleSpec = {
        name: 'w4',
        first: { type: 'a' },
        second: { type: 'b' },
        relation: 'followedByAny',
        join: 'none',
        withinMs: runs * keys * 10,
      };
      return {
        workload: 'W4',
        spec: {
          ...inOrder,
          id: `W4 ${kind} ${runs}`,
          title: `a followedByAny b, ${count(runs)} live runs in each of ${keys} keys, ${completing ? 'one event in ten completes them all' : 'no completing event'}; ${count(events)} events`,
          events: `live-runs-${kind}-${runs}-${events}.ndjson`,
          fill: runs * keys,
          measured: events,
          rules: [rule],
          batch: completing && runs >= 1_000 ? 128 : BATCH,
        },
        stream: () => liveRuns({ runs, keys, events, seed: 4, completing }),
      };
    }),
  );
}

/** Rule `at` of W5: type, code and threshold of both stages. */
export function manyRule(at: number): RuleSpec {
  const { types, codes } = MANY_RULES;
  const round = Math.floor(at / codes);
  const code = (at * 617) % codes;
  return {
    name: `w5-${at}`,
    first: { type: `t${(at * 7 + round) % types}`, code, amountOver: (at % 7) * 100 },
    second: { type: `t${(at * 3 + round + 7) % types}`, code, amountOver: (at % 9) * 100 },
    relation: 'followedBy',
    join: 'none',
    withinMs: 10 * MINUTE_MS,
  };
}

function manyRuleCases(quick: boolean): WorkloadCase[] {
  const events = quick ? 100_000 : 1_000_000;
  return [10, 100, 1_000, 10_000].map((rules) => ({
    workload: 'W5',
    spec: {
      ...inOrder,
      id: `W5 ${rules}`,
      title: `${count(rules)} rules: (type, code, amount) followedBy (type, code, amount) within 10 m; ${count(events)} events, 20 types, 1,000 codes, 10,000 keys`,
      events: `types-and-codes-${events}.ndjson`,
      measured: events,
      rules: Array.from({ length: rules }, (_, at) => manyRule(at)),
    },
    stream: () => typesAndCodes({ events, keys: 10_000, seed: 5 }),
  }));
}

function manyKeyCase(quick: boolean): WorkloadCase {
  const keys = quick ? 100_000 : 1_000_000;
  return {
    workload: 'W6',
    spec: {
      ...inOrder,
      id: 'W6',
      title: `a followedBy b within 1 h, a live run in each of ${count(keys)} keys; then ${count(keys)} events, half relevant`,
      events: `many-keys-${keys}.ndjson`,
      fill: keys,
      measured: keys,
      rules: [{ ...pairRule, name: 'w6', withinMs: 60 * MINUTE_MS }],
      memory: true,
    },
    stream: () => manyKeys({ keys, events: keys, seed: 6 }),
  };
}

function heartbeatCase(quick: boolean): WorkloadCase {
  const keys = quick ? 10_000 : 100_000;
  return {
    workload: 'W9',
    spec: {
      ...inOrder,
      id: 'W9',
      title: `no heartbeat within 60 s, ${count(keys)} keys; ${count(keys * 40)} events, 5 % heartbeats`,
      events: `heartbeats-${keys}.ndjson`,
      measured: keys * 40,
      rules: [
        {
          name: 'w9',
          first: { type: 'heartbeat' },
          second: { type: 'heartbeat' },
          relation: 'notFollowedBy',
          join: 'none',
          withinMs: MINUTE_MS,
        },
      ],
    },
    stream: () => heartbeats({ keys, seed: 9 }),
  };
}

export function workloadCases(quick: boolean): WorkloadCase[] {
  const [w1, w2, w7] = pairCases(quick) as [WorkloadCase, WorkloadCase, WorkloadCase];
  return [
    w1,
    w2,
    ...longWindowCases(quick),
    ...liveRunCases(quick),
    ...manyRuleCases(quick),
    manyKeyCase(quick),
    w7,
    heartbeatCase(quick),
  ];
}
