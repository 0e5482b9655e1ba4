/** Rules whose runs are kept as sets of paths, through changes of their versions and restarts: what comes out is what single runs give. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RulePlan } from '../../../src/core/document/plans.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import type { KeyToken } from '../../../src/core/model/key.js';
import type { RuleAssignment } from '../../../src/core/shard/rule-versions.js';
import type { SavedKey } from '../../../src/core/shard/saved-key.js';
import type { SavedShard } from '../../../src/core/shard/shard.js';
import { Shard, advanceShard } from '../../../src/core/shard/shard.js';
import { lineOf, ruleSetOf } from './shard-fixture.js';

const planOf = (more: { within: number; last: string; throttle: string }): RulePlan => {
  const rules = ruleSetOf(`
kind: source
name: s
file: { path: ./s.ndjson }
event: { time: ts }
---
kind: rule
name: doubling
source: s
key: key
pattern:
  within: ${more.within}ms
  sequence:
    - begin: a
      where: name = 'a'
    - followedByAny: b
      where: name = 'b'
      times: { min: 1 }
      allowCombinations: true
    - followedByAny: c
      where: name = '${more.last}'
limits: { runsPerKey: 60 }
alert: { subject: doubling${more.throttle} }
`);
  return rules.rules.get('doubling') as RulePlan;
};

const plans = [
  planOf({ within: 30, last: 'c', throttle: '' }),
  planOf({ within: 12, last: 'd', throttle: '' }),
  planOf({ within: 20, last: 'c', throttle: ', throttle: 5ms' }),
] as const;

type Act =
  | { readonly do: 'event'; readonly name: string; readonly key: string; readonly stepMs: number }
  /** The version's plan is replaced by another of the same shape. */
  | { readonly do: 'keep'; readonly plan: number }
  /** A new version starts runs, those before drain. */
  | { readonly do: 'drain'; readonly plan: number }
  /** The versions that drain are dropped, with their runs. */
  | { readonly do: 'drop' }
  | { readonly do: 'restart' };

const acts = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant('event' as const),
        name: fc.constantFrom('a', 'b', 'b', 'c', 'd'),
        key: fc.constantFrom('k', 'k', 'l'),
        stepMs: fc.nat({ max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('keep' as const), plan: fc.nat({ max: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), plan: fc.nat({ max: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  ),
  { minLength: 10, maxLength: 70 },
);

class Service {
  readonly lines: string[] = [];
  arenas = 0;
  private shard: Shard;
  private versions: { version: number; plan: RulePlan; draining: boolean }[] = [
    { version: 1, plan: plans[0], draining: false },
  ];
  private readonly store = new Map<KeyToken, SavedKey>();
  private time = 0;
  private seq = 0;

  constructor(private readonly options: ConstructorParameters<typeof Shard>[0]) {
    this.shard = new Shard(options);
    this.useRules();
  }

  act(act: Act): void {
    if (act.do === 'event') this.event(act);
    else if (act.do === 'restart') this.restart();
    else if (act.do === 'drop') this.versions = this.versions.filter(({ draining }) => !draining);
    else {
      const plan = plans[act.plan] as RulePlan;
      const current = this.versions.find(({ draining }) => !draining) as (typeof this.versions)[number];
      const { version } = current;
      if (act.do === 'keep') this.versions = this.versions.map((one) => (one === current ? { ...one, plan } : one));
      else
        this.versions = [
          ...this.versions.map((one) => ({ ...one, draining: true })),
          { version: version + 1, plan, draining: false },
        ];
    }
    if (act.do === 'drop' || act.do === 'keep' || act.do === 'drain') this.useRules();
  }

  end(): void {
    this.input({ kind: 'events', source: 's', events: [], watermark: this.time + 1_000 });
  }

  get left(): readonly number[] {
    const liveRuns = [...this.shard.counters.values()].map((one) => one.liveRuns);
    return [this.shard.keyCount, this.shard.timerCount, ...liveRuns];
  }

  private get assignments(): RuleAssignment[] {
    return [{ name: 'doubling', generation: 1, versions: this.versions }];
  }

  private useRules(): void {
    this.input({ kind: 'rules', rules: this.assignments });
  }

  private event({ name, key, stepMs }: Extract<Act, { do: 'event' }>): void {
    this.time += stepMs;
    const event: StreamEvent = {
      source: 's',
      seq: ++this.seq,
      index: 0,
      time: this.time,
      arrival: this.time,
      order: undefined,
      id: undefined,
      type: undefined,
      subject: '',
      headers: undefined,
      body: { name, key },
    };
    this.input({ kind: 'events', source: 's', events: [event], watermark: this.time - 1 });
  }

  private restart(): void {
    for (const { token, record } of this.shard.takeChanges()) {
      if (record === undefined) this.store.delete(token);
      else this.store.set(token, JSON.parse(JSON.stringify(record)) as SavedKey);
    }
    const saved = JSON.parse(JSON.stringify(this.shard.save())) as SavedShard;
    const group = [...this.shard.groups.keys()][0] as string;
    this.shard = new Shard(this.options);
    this.shard.load(saved, this.assignments, new Map([['s', this.time - 1]]));
    for (const [token, record] of this.store) {
      if (record.rules.some(({ paths }) => paths !== undefined)) this.arenas++;
      this.input({ kind: 'keys', group, records: [[token, record, 0]] });
    }
  }

  private input(input: Parameters<typeof advanceShard>[1]): void {
    for (const match of advanceShard(this.shard, input).matches) this.lines.push(lineOf(match));
  }
}

test('a rule gives the same on paths as run by run, whatever becomes of its versions, and leaves nothing behind', () => {
  let arenas = 0;
  fc.assert(
    fc.property(acts, (list) => {
      const single = new Service({ pathsUse: { fromRuns: Infinity, multiplyingOnly: true } });
      const paths = new Service({ pathsUse: { fromRuns: 1, multiplyingOnly: true } });
      for (const service of [single, paths]) {
        for (const act of list) service.act(act);
        service.end();
      }
      arenas += paths.arenas;
      expect(paths.lines).toEqual(single.lines);
      expect([single.arenas, single.left, paths.left]).toEqual([0, [0, 0, 0], [0, 0, 0]]);
    }),
    { numRuns: 400, seed: 20_261_127 },
  );
  expect(arenas).toBeGreaterThan(100);
});
