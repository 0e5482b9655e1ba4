/**
 * A key's only run of one event is an object by itself, found and stepped by what the index says of the event: in everything that
 * comes out, is counted and is saved it is one of many runs. Through batches, restarts and changes of versions.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RulePlan } from '../../../src/core/document/plans.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import type { KeyToken } from '../../../src/core/model/key.js';
import type { RuleAssignment } from '../../../src/core/shard/rule-versions.js';
import type { KeyRules } from '../../../src/core/shard/key-rules.js';
import { LoneOfRule } from '../../../src/core/shard/lone-of-rule.js';
import type { SavedKey } from '../../../src/core/shard/saved-key.js';
import type { SavedShard, ShardOptions } from '../../../src/core/shard/shard.js';
import { Shard, advanceShard } from '../../../src/core/shard/shard.js';
import { lineOf, ruleSetOf } from './shard-fixture.js';

const condition = fc.constantFrom(
  "type = 'a'",
  "type = 'b'",
  "'a' = type and v > 1",
  "type = 'a' and v > 2",
  "type = 'b' and v <= 2",
  "type = 'b' and v > 0 and v < 3",
  "type = 'b' and v = 2",
  "type = 'b' and $exists(v)",
  "type in ['a', 'b']",
  'v > 1',
);

const over = fc.oneof(
  { weight: 3, arbitrary: condition },
  { weight: 1, arbitrary: fc.constant("type = 'b' and v >= $x.v") },
);

const mode = fc.constantFrom('', '', '', '', '', '', '', 'mode: paused\n', 'mode: shadow\n');

const shapes = fc.record({
  mode,
  /** Under the other window. */
  wideMode: mode,
  first: condition,
  second: over,
  relation: fc.constantFrom('followedBy', 'followedBy', 'followedByAny', 'next', 'notFollowedBy', 'notNext'),
  third: fc.option(condition, { nil: undefined }),
  twice: fc.boolean(),
  gap: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  within: fc.integer({ min: 3, max: 15 }),
  skip: fc.constantFrom('', '', '', 'skip: skipPastLastEvent\n'),
  onTimeout: fc.boolean(),
  throttle: fc.constantFrom('', '', '', ', throttle: 4ms'),
  filter: fc.constantFrom('', '', '', 'where: v != 3\n'),
  limits: fc.constantFrom('', '', 'limits: { runsPerKey: 1 }\n', 'limits: { runsPerKey: 2, overflow: dropNewest }\n'),
});

type Shape = typeof shapes extends fc.Arbitrary<infer T> ? T : never;

function stepsOf({ first, second, relation, third, twice, gap }: Shape): string {
  const negated = relation.startsWith('not');
  const within = gap === undefined || negated ? '' : `, within: ${gap}ms`;
  const times = twice && third !== undefined ? ', times: 2' : '';
  const steps = [`{ begin: x, where: "${first}"${times} }`, `{ ${relation}: y, where: "${second}"${within} }`];
  if (third !== undefined) steps.push(`{ followedBy: z, where: "${third}" }`);
  return steps.join(', ');
}

function textOf(shape: Shape, at: number): string {
  return `kind: rule
name: r${at}
source: s
key: key
${shape.mode}${shape.filter}${shape.limits}${shape.onTimeout ? `onTimeout: { alert: { subject: late${at} } }\n` : ''}pattern:
  within: ${shape.within}ms
  ${shape.skip.replace(/\n$/, '')}
  sequence: [${stepsOf(shape)}]
alert: { subject: r${at}${shape.throttle} }
`;
}

const SOURCE = 'kind: source\nname: s\nfile: { path: ./s.ndjson }\nevent: { time: ts }\n';

function plansOf(drawn: readonly Shape[]): RulePlan[] {
  return [...ruleSetOf([SOURCE, ...drawn.map(textOf)].join('---\n')).rules.values()];
}

interface DrawnEvent {
  readonly type: unknown;
  readonly v: unknown;
  readonly key: unknown;
  readonly stepMs: number;
}

type Act =
  | { readonly do: 'events'; readonly events: readonly DrawnEvent[] }
  /** A new version of every rule starts runs, under the plan of another window; those before drain. */
  | { readonly do: 'drain' }
  | { readonly do: 'drop' }
  | { readonly do: 'keep' }
  | { readonly do: 'restart' };

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, '2', [2], [], {}) },
);

const events = fc.array(
  fc.record({
    type: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<unknown>('a', 'b') },
      { weight: 1, arbitrary: fc.constantFrom<unknown>('c', ['a'], undefined) },
    ),
    v: value,
    key: fc.constantFrom<unknown>('k', 'k', 'l', 7, undefined),
    stepMs: fc.nat({ max: 3 }),
  }),
  { minLength: 1, maxLength: 12 },
);

const acts = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: events.map((list): Act => ({ do: 'events', events: list })) },
    { weight: 2, arbitrary: fc.constantFrom<Act>({ do: 'drain' }, { do: 'drop' }, { do: 'keep' }) },
    { weight: 2, arbitrary: fc.constant<Act>({ do: 'restart' }) },
  ),
  { minLength: 3, maxLength: 12 },
);

interface Version {
  readonly version: number;
  readonly draining: boolean;
  readonly wide: boolean;
}

class Service {
  readonly lines: string[] = [];
  /** What each restart found in the store. */
  readonly stores: string[] = [];
  lone = 0;
  private shard: Shard;
  private versions: Version[] = [{ version: 1, draining: false, wide: false }];
  private readonly store = new Map<KeyToken, SavedKey>();
  private time = 0;
  private seq = 0;

  constructor(
    private readonly plans: readonly RulePlan[],
    private readonly widePlans: readonly RulePlan[],
    private readonly options: ShardOptions & { readonly oneByOne: boolean },
  ) {
    this.shard = new Shard(options);
    this.useRules();
  }

  act(act: Act): void {
    if (act.do === 'events') this.takeEvents(act.events);
    else if (act.do === 'restart') this.restart();
    else {
      const { versions } = this;
      const current = versions.find(({ draining }) => !draining) as Version;
      if (act.do === 'drop') this.versions = [current];
      else if (act.do === 'keep')
        this.versions = versions.map((one) => (one === current ? { ...one, wide: true } : one));
      else
        this.versions = [
          ...versions.map((one) => ({ ...one, draining: true })),
          { version: current.version + 1, draining: false, wide: !current.wide },
        ];
      this.useRules();
    }
  }

  end(): void {
    this.input({ kind: 'events', source: 's', events: [], watermark: this.time + 1_000 });
  }

  get counted(): unknown {
    const counters = [...this.shard.counters.values()].map(
      ({ matches, timeouts, alerts, suppressed, overflows, liveRuns }) => [
        matches,
        timeouts,
        alerts,
        suppressed,
        overflows,
        liveRuns,
      ],
    );
    return {
      counters,
      keys: this.shard.keyCount,
      timers: this.shard.timerCount > 0,
      missing: [...this.shard.keyMissing()],
    };
  }

  private get assignments(): RuleAssignment[] {
    return this.plans.map((plan, at) => ({
      name: plan.name,
      generation: at + 1,
      versions: this.versions.map(({ version, draining, wide }) => ({
        version,
        draining,
        plan: (wide ? this.widePlans[at] : plan) as RulePlan,
      })),
    }));
  }

  private useRules(): void {
    this.input({ kind: 'rules', rules: this.assignments });
  }

  private takeEvents(drawn: readonly DrawnEvent[]): void {
    const made = drawn.map(({ type, v, key, stepMs }): StreamEvent => {
      this.time += stepMs;
      const { time } = this;
      const body = { type, v, key };
      return { ...BLANK, seq: ++this.seq, time, arrival: time, body };
    });
    const batches = this.options.oneByOne ? made.map((one) => [one]) : [made];
    for (const batch of batches) {
      this.input({
        kind: 'events',
        source: 's',
        events: batch,
        watermark: (batch[batch.length - 1] as StreamEvent).time - 1,
      });
    }
    for (const rules of this.held()) {
      for (let i = 0; i < rules.size; i++) if (rules.at(i) instanceof LoneOfRule) this.lone++;
    }
  }

  private *held(): Iterable<KeyRules> {
    for (const { table } of this.shard.groups.values()) for (const { rules } of table.keys.values()) yield rules;
  }

  private restart(): void {
    for (const { token, record } of this.shard.takeChanges()) {
      if (record === undefined) this.store.delete(token);
      else this.store.set(token, JSON.parse(JSON.stringify(record)) as SavedKey);
    }
    this.stores.push(JSON.stringify([...this.store].sort()));
    const saved = JSON.parse(JSON.stringify(this.shard.save())) as SavedShard;
    const group = [...this.shard.groups.keys()][0] as string;
    this.shard = new Shard(this.options);
    this.shard.load(saved, this.assignments, new Map([['s', this.time - 1]]));
    for (const [token, record] of this.store) this.input({ kind: 'keys', group, records: [[token, record, 0]] });
  }

  private input(input: Parameters<typeof advanceShard>[1]): void {
    for (const match of advanceShard(this.shard, input).matches) this.lines.push(lineOf(match));
  }
}

const BLANK = {
  source: 's',
  index: 0,
  order: undefined,
  id: undefined,
  type: undefined,
  subject: '',
  headers: undefined,
} as const;

/** Shapes that are refused (a gap on a negation and such) are not drawn again and again. */
function isCompiled(drawn: readonly Shape[]): boolean {
  try {
    return plansOf(drawn).length === drawn.length;
  } catch {
    return false;
  }
}

test('a lone run is in everything what it is among many runs', () => {
  let lone = 0;
  let matches = 0;
  const rules = fc.array(shapes, { minLength: 1, maxLength: 4 }).filter(isCompiled);
  fc.assert(
    fc.property(rules, acts, (drawn, list) => {
      const plans = plansOf(drawn);
      const widePlans = plansOf(drawn.map((one) => ({ ...one, within: one.within + 4, mode: one.wideMode })));
      const alone = new Service(plans, widePlans, { oneByOne: false });
      const among = new Service(plans, widePlans, { loneRuns: false, oneByOne: true });
      for (const service of [alone, among]) for (const act of list) service.act(act);
      expect(alone.counted).toEqual(among.counted);
      for (const service of [alone, among]) service.end();
      expect(alone.lines).toEqual(among.lines);
      expect(alone.stores).toEqual(among.stores);
      expect(alone.counted).toEqual(among.counted);
      expect(among.lone).toBe(0);
      lone += alone.lone;
      matches += alone.lines.length;
    }),
    { numRuns: 400, seed: 20_261_127 },
  );
  expect(lone).toBeGreaterThan(700);
  expect(matches).toBeGreaterThan(1_300);
});
