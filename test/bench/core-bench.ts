/** Events/s of the core in memory: event-time stage and shard, on events already decoded, alerts counted. */
import { createHash } from 'node:crypto';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import { compileSchema } from '../../src/adapters/json-schema/compile-schema.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import { compileParsed } from '../../src/core/document/compile.js';
import type { RuleSet } from '../../src/core/document/plans.js';
import type { StreamEvent } from '../../src/core/model/event.js';
import type { RuleMatch } from '../../src/core/model/match.js';
import { Shard, advanceShard } from '../../src/core/shard/shard.js';
import { SourceTimeline } from '../../src/core/time/source-timeline.js';
import type { BenchResult } from './report.js';
import { median } from './report.js';
import { coreRules } from './core-rules.js';
import { decodedEvents } from './core-workload.js';

const BATCH = 2_048;

export function compileBench(text: string): RuleSet {
  const compiled = compileParsed(parseDocuments(text, { origin: 'file' }), {
    expressions: createJsonataCompiler(),
    digest: systemDigest,
    schemaCheck: compileSchema,
    alertPrefix: 'weir.alerts',
    revision: 1,
  });
  if (!compiled.ok) throw new Error(compiled.diagnostics.map((one) => one.message).join('\n'));
  return compiled.value;
}

interface CoreRun {
  readonly ms: number;
  readonly matches: number;
  readonly hash: string;
}

/** One pass of the events through event time and shard. */
export function runCore(ruleSet: RuleSet, events: readonly StreamEvent[]): CoreRun {
  const shard = new Shard();
  const rules = [...ruleSet.rules.values()].map((plan) => ({
    name: plan.name,
    generation: 1,
    versions: [{ version: 1, plan, draining: false }],
  }));
  advanceShard(shard, { kind: 'rules', rules });
  const plan = ruleSet.sources.get('bench');
  if (plan === undefined) throw new Error('the workload has a source');
  const timeline = new SourceTimeline(plan.watermark);
  const found: RuleMatch[] = [];
  const out: StreamEvent[] = [];
  const begun = performance.now();
  for (let at = 0; at < events.length; at += BATCH) {
    const end = Math.min(at + BATCH, events.length);
    for (let i = at; i < end; i++) timeline.accept(events[i] as StreamEvent, out);
    const { matches } = advanceShard(shard, {
      kind: 'events',
      source: 'bench',
      events: out,
      watermark: timeline.watermark,
    });
    for (const match of matches) found.push(match);
    out.length = 0;
  }
  const ms = performance.now() - begun;
  const hash = createHash('sha256');
  for (const match of found) {
    hash.update(
      match.stages.map(({ stage, events: taken }) => `${stage}:${taken.map((one) => one.seq).join(',')}`).join(';'),
    );
  }
  return { ms, matches: found.length, hash: hash.digest('hex').slice(0, 16) };
}

function benchRule(name: keyof typeof coreRules, what: string): (toy: boolean) => BenchResult {
  return (toy) => {
    const events = decodedEvents({
      events: toy ? 50_000 : 2_000_000,
      keys: 10_000,
      seed: 1,
      relevant: 0.05,
      stepMs: 1,
    });
    const ruleSet = compileBench(coreRules[name]);
    const runs = Array.from({ length: toy ? 2 : 6 }, () => runCore(ruleSet, events)).slice(1);
    const first = runs[0] as CoreRun;
    const ms = median(runs.map((run) => run.ms));
    return {
      name: `core, ${name} in memory`,
      workload: `${events.length} decoded events in order, 10,000 keys, 5 % relevant, one rule ${what} within 10 m`,
      figures: { 'events/s': Math.round(events.length / (ms / 1_000)), matches: first.matches },
      hash: first.hash,
    };
  };
}

export const benchCore = benchRule('W1', 'a followedBy b');
export const benchCoreCondition = benchRule('W2', 'a followedBy b with b.amount > a.amount');
