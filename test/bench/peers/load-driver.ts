/**
 * W8: what it costs Weir to load many rules and to change one, one process per pass, because a service loads once:
 *
 *   node dist/test/bench/peers/load-driver.js yaml|stored SPEC
 *
 * `yaml` loads the rules from their texts, then changes single ones; `stored` loads them from the documents as the store keeps them.
 * Live runs stand in the shard when the one rule changes: the events of the W5 description go through it first.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CompileEnvironment } from '../../../src/core/document/compile.js';
import { CompileCache } from '../../../src/core/document/compile-cache.js';
import type { PlacedDocument, WeirDocument } from '../../../src/core/document/documents.js';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { advanceShard, Shard } from '../../../src/core/shard/shard.js';
import type { RuleAssignment, VersionAssignment } from '../../../src/core/shard/rule-versions.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import { SourceTimeline } from '../../../src/core/time/source-timeline.js';
import { readEvents } from './event-file.js';
import { median } from '../report.js';
import { say } from './report-line.js';
import { ruleDocument, workloadDocuments } from './rule-documents.js';
import { assignRules, compileDocuments, compileEnvironment, parseTexts } from './weir-pass.js';
import type { RuleSpec, WorkloadSpec } from './workload-spec.js';

/** Rules that are changed one by one. */
const CHANGES = 15;
const EVENTS_MAX = 100_000;

function timed<T>(name: string, work: () => T): T {
  const begun = performance.now();
  const result = work();
  say({ kind: 'figure', name, value: performance.now() - begun });
  return result;
}

function feed(shard: Shard, events: readonly StreamEvent[]): void {
  const timeline = new SourceTimeline({ maxOutOfOrdernessMs: 0, by: [], idleAfterMs: undefined });
  const out: StreamEvent[] = [];
  for (const event of events) timeline.accept(event, out);
  advanceShard(shard, { kind: 'events', source: 'bench', events: out, watermark: timeline.watermark });
}

function load(
  shard: Shard,
  placed: readonly PlacedDocument[],
  environment: CompileEnvironment,
): readonly RuleAssignment[] {
  const ruleSet = compileDocuments({ ok: true, value: placed, warnings: [] }, environment);
  const rules = assignRules(ruleSet.rules.values());
  advanceShard(shard, { kind: 'rules', rules });
  return rules;
}

function nextVersion({ versions }: RuleAssignment): VersionAssignment {
  return { ...(versions[0] as VersionAssignment), version: 2 };
}

function loadStored(texts: readonly string[]): void {
  const stored = parseTexts(texts).value.map(({ document }) => JSON.stringify(document));
  timed('storedMs', () => {
    const placed = stored.map((text): PlacedDocument => ({
      document: JSON.parse(text) as WeirDocument,
      origin: 'api',
      locate: () => undefined,
    }));
    load(new Shard(), placed, compileEnvironment());
  });
}

/** One rule after the other is changed, each as a revision does it; the median, for a pause of the collector falls on one or the other. */
function loadYaml(texts: readonly string[], rules: readonly RuleSpec[], events: readonly StreamEvent[]): void {
  const environment = { ...compileEnvironment(), cache: new CompileCache() };
  const shard = new Shard();
  const loaded = timed('yamlMs', () => {
    const { value } = parseTexts(texts);
    return { documents: value, assigned: load(shard, value, environment) };
  });
  feed(shard, events);
  let { documents, assigned } = loaded;
  const tookMs = rules.map((rule) => {
    const text = ruleDocument({ ...rule, second: { ...rule.second, amountOver: 950 } });
    const begun = performance.now();
    const parsed = parseDocuments(text, { origin: 'api' });
    if (!parsed.ok) throw new Error('the changed rule is good');
    const changed = parsed.value[0] as PlacedDocument;
    documents = documents.map((one) => (one.document.name === rule.name ? changed : one));
    const ruleSet = compileDocuments({ ok: true, value: documents, warnings: [] }, environment);
    const before = new Map(assigned.map((one) => [one.name, one.versions]));
    assigned = assignRules(ruleSet.rules.values()).map((one) => {
      const versions = before.get(one.name) as readonly VersionAssignment[];
      if (one.name !== rule.name) return { ...one, versions };
      return { ...one, versions: [{ ...(versions[0] as VersionAssignment), draining: true }, nextVersion(one)] };
    });
    advanceShard(shard, { kind: 'rules', rules: assigned });
    return performance.now() - begun;
  });
  say({ kind: 'figure', name: 'changeOneMs', value: median(tookMs) });
}

function main([mode = 'yaml', path = '']: readonly string[]): void {
  const spec = JSON.parse(readFileSync(path, 'utf8')) as WorkloadSpec;
  const texts = workloadDocuments(spec);
  if (mode === 'stored') return loadStored(texts);
  const events = readEvents(join(dirname(path), spec.events), Math.min(EVENTS_MAX, spec.measured));
  loadYaml(texts, spec.rules.slice(-CHANGES), events);
}

main(process.argv.slice(2));
