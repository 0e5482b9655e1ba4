/** Patterns whose runs multiply: kept as sets of paths against run by run, over the same events through the same shard. */
import { createHash } from 'node:crypto';
import type { RuleSet } from '../../src/core/document/plans.js';
import type { StreamEvent } from '../../src/core/model/event.js';
import type { PathsUse } from '../../src/core/nfa/choose-executor.js';
import { Shard, advanceShard } from '../../src/core/shard/shard.js';
import { compileBench } from './core-bench.js';
import type { BenchResult } from './report.js';
import { median } from './report.js';

const BATCH = 2_048;
const SINGLE: PathsUse = { fromRuns: Infinity, multiplyingOnly: true };

const rules = (withinMs: number): string => `
kind: source
name: bench
file: { path: ./bench.ndjson }
event: { time: ts }
---
kind: rule
name: quadratic
source: bench
pattern:
  within: ${withinMs}ms
  sequence:
    - begin: a
      where: name = 'a'
    - followedByAny: b
      where: name = 'b'
    - followedByAny: c
      where: name = 'c'
alert: { subject: quadratic }
`;

/** An event a ms: a and b in turn, one in a hundred is c. */
function eventsOf(count: number): StreamEvent[] {
  return Array.from({ length: count }, (_, at) => ({
    source: 'bench',
    seq: at + 1,
    index: 0,
    time: at,
    arrival: at,
    order: undefined,
    id: undefined,
    type: undefined,
    subject: '',
    headers: undefined,
    body: { name: at % 100 === 99 ? 'c' : at % 2 === 0 ? 'a' : 'b' },
  }));
}

interface Pass {
  readonly cpuMs: number;
  readonly rows: number;
  readonly hash: string;
}

/** `looking`: every match is made and hashed. */
function pass(ruleSet: RuleSet, events: readonly StreamEvent[], use?: { pathsUse: PathsUse }, looking = false): Pass {
  const shard = new Shard(use);
  const assigned = [...ruleSet.rules.values()].map((plan) => ({
    name: plan.name,
    generation: 1,
    versions: [{ version: 1, plan, draining: false }],
  }));
  advanceShard(shard, { kind: 'rules', rules: assigned });
  const hash = createHash('sha256');
  let rows = 0;
  const begun = process.cpuUsage();
  for (let at = 0; at < events.length; at += BATCH) {
    const batch = events.slice(at, at + BATCH);
    const watermark = (batch[batch.length - 1] as StreamEvent).time;
    const { matches } = advanceShard(shard, { kind: 'events', source: 'bench', events: batch, watermark });
    rows += matches.length;
    if (looking)
      for (const { stages } of matches) hash.update(stages.map(({ events: [one] }) => one?.seq).join(',') + ';');
  }
  const { user, system } = process.cpuUsage(begun);
  return { cpuMs: (user + system) / 1_000, rows, hash: hash.digest('hex').slice(0, 16) };
}

export function benchPaths(toy: boolean): BenchResult {
  const events = eventsOf(toy ? 5_000 : 50_000);
  const figures: Record<string, number | string> = {};
  const hashes = createHash('sha256');
  for (const withinMs of toy ? [100] : [60, 100, 200, 400]) {
    const ruleSet = compileBench(rules(withinMs));
    const [single, paths] = [{ pathsUse: SINGLE }, undefined].map((use) =>
      pass(ruleSet, events.slice(0, 5_000), use, true),
    );
    if (single?.hash !== paths?.hash) throw new Error('paths and single runs give other matches');
    hashes.update(single?.hash ?? '');
    const timed = (use?: { pathsUse: PathsUse }): Pass[] => [1, 2, 3].map(() => pass(ruleSet, events, use));
    for (const [name, passes] of [
      ['single', timed({ pathsUse: SINGLE })],
      ['paths', timed()],
    ] as const) {
      const seconds = median(passes.map(({ cpuMs }) => cpuMs)) / 1_000;
      figures[`within ${withinMs}, ${name}: events/s`] = Math.round(events.length / seconds);
      figures[`within ${withinMs}, ${name}: rows/s`] = Math.round((passes[0]?.rows ?? 0) / seconds);
    }
  }
  return {
    name: 'paths, runs that multiply',
    workload: `${events.length} decoded events of one key, a and b in turn, 1 % c; a followedByAny b followedByAny c; CPU time, matches counted`,
    figures,
    hash: hashes.digest('hex').slice(0, 16),
  };
}
