/**
 * The tests a rule carries (language specification, section 6), in virtual time over the production shard. Time 0 is the start
 * of the test; at the end the watermark goes to +∞ unless `until` stops earlier.
 */
import type { RuleDocument, TestDocument, TestEventDocument, TestExpectDocument } from '../core/document/documents.js';
import { parseDuration } from '../core/document/duration.js';
import type { RulePlan, RuleSet } from '../core/document/plans.js';
import { canonicalJson } from '../core/document/canonical-json.js';
import { MessageDecoder } from '../core/decode/decode-message.js';
import type { Diagnostic } from '../core/model/diagnostic.js';
import type { StreamEvent } from '../core/model/event.js';
import { compareEvents } from '../core/model/event.js';
import type { RuleMatch } from '../core/model/match.js';
import { Shard, advanceShard } from '../core/shard/shard.js';
import type { AlertContext } from './render-alert.js';
import { AlertRenderer } from './render-alert.js';

export interface TestVerdict {
  readonly rule: string;
  readonly test: string;
  readonly passed: boolean;
  /** What was expected and what came, a line an alert; the lines of both that differ are what is wrong. */
  readonly expected: readonly string[];
  readonly got: readonly string[];
  /** Events that could not be used, in sentences. */
  readonly problems: readonly string[];
}

const RESERVED = new Set(['at', 'repeat', 'every']);
const REPEAT_MAX = 100_000;

interface Occurrence {
  readonly atMs: number;
  readonly source: string;
  readonly body: Record<string, unknown>;
}

/** Spreads `repeat` and gives each event its source: `source` names it where the rule has several. */
function occurrences(event: TestEventDocument, sources: readonly string[], problems: string[]): Occurrence[] {
  const body: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(event)) if (!RESERVED.has(field)) body[field] = value;
  let source = sources[0] as string;
  if (sources.length > 1) {
    const named = body['source'];
    if (typeof named !== 'string' || !sources.includes(named)) {
      problems.push(`an event must name its \`source\`, one of ${sources.join(', ')}`);
      return [];
    }
    source = named;
    delete body['source'];
  }
  const atMs = parseDuration(event.at) ?? 0;
  const everyMs = parseDuration(event.every ?? 0) ?? 0;
  const count = event.repeat ?? 1;
  if (count > REPEAT_MAX) {
    problems.push(`\`repeat: ${count}\` is above the limit of ${REPEAT_MAX}`);
    return [];
  }
  return Array.from({ length: count }, (_, at) => ({ atMs: atMs + at * everyMs, source, body }));
}

function toEvents(test: TestDocument, plan: RulePlan, ruleSet: RuleSet, problems: string[]): StreamEvent[] {
  const spread = test.events.flatMap((event) => occurrences(event, plan.sources, problems));
  spread.sort((a, b) => a.atMs - b.atMs);
  const events = spread.map(({ atMs, source, body }, at) => {
    const decode = ruleSet.sources.get(source)?.decode;
    const out = { events: [] as StreamEvent[], dead: [] };
    if (decode !== undefined) {
      // The test gives the time; of the source's own decoding only type, id and order apply.
      const decoder = new MessageDecoder(source, {
        ...decode,
        body: undefined,
        each: undefined,
        time: undefined,
        arrival: undefined,
        schemaProblems: undefined,
      });
      decoder.decode(
        { seq: at + 1, arrival: atMs, subject: '', headers: undefined, text: undefined, value: body },
        out,
      );
    }
    const [decoded] = out.events;
    const bare: StreamEvent = {
      source,
      seq: at + 1,
      index: 0,
      time: atMs,
      arrival: atMs,
      order: undefined,
      id: undefined,
      type: undefined,
      subject: '',
      headers: undefined,
      body,
    };
    return decoded ?? bare;
  });
  return events.sort(compareEvents);
}

function collect(test: TestDocument, plan: RulePlan, events: readonly StreamEvent[]): RuleMatch[] {
  const shard = new Shard();
  const matches: RuleMatch[] = [];
  const live: RulePlan = { ...plan, mode: 'active' };
  advanceShard(shard, {
    kind: 'rules',
    rules: [{ name: plan.name, generation: 1, versions: [{ version: 1, plan: live, draining: false }] }],
  });
  const untilMs = test.until === undefined ? Infinity : (parseDuration(test.until) ?? Infinity);
  for (const event of events) {
    if (event.time > untilMs) break;
    for (const source of plan.sources) {
      const own = source === event.source ? [event] : [];
      matches.push(...advanceShard(shard, { kind: 'events', source, events: own, watermark: event.time - 1 }).matches);
    }
  }
  for (const source of plan.sources) {
    matches.push(...advanceShard(shard, { kind: 'events', source, events: [], watermark: untilMs }).matches);
  }
  return matches;
}

/** The fields of an alert that the expectation names, as one comparable line. */
function line(fields: readonly (keyof TestExpectDocument)[], alert: Readonly<Record<string, unknown>>): string {
  return canonicalJson(Object.fromEntries(fields.map((field) => [field, alert[field] ?? null])));
}

function describe(match: RuleMatch, renderer: AlertRenderer): Record<string, unknown> {
  const message = renderer.render(match);
  const { data } = JSON.parse(message.body) as { data: Record<string, unknown> };
  const { severity, title, payload, suppressed } = data;
  const subject = message.subject.split('.').slice(2).join('.');
  return { at: match.time, key: match.key, kind: match.kind, severity, subject, title, payload, suppressed };
}

function judge(test: TestDocument, alerts: readonly Record<string, unknown>[]): Pick<TestVerdict, 'expected' | 'got'> {
  const usual: readonly (keyof TestExpectDocument)[] = ['at', 'key', 'kind'];
  const expected: string[] = [];
  const got: string[] = [];
  for (let i = 0; i < Math.max(test.expect.length, alerts.length); i++) {
    const wanted = test.expect[i];
    const alert = alerts[i];
    const fields = wanted === undefined ? usual : (Object.keys(wanted) as (keyof TestExpectDocument)[]).sort();
    const kinds = fields.includes('kind') ? fields : [...fields, 'kind' as const];
    if (wanted !== undefined) {
      expected.push(line(kinds, { kind: 'match', ...wanted, at: parseDuration(wanted.at) }));
    }
    if (alert !== undefined) got.push(line(kinds, alert));
  }
  return { expected, got };
}

/** Runs the tests of one rule of a compiled set. */
export function runRuleTests(plan: RulePlan, ruleSet: RuleSet, context: AlertContext): TestVerdict[] {
  const document: RuleDocument = plan.document;
  const renderer = new AlertRenderer(plan, ruleSet.revision, { ...context, prefix: 'test' });
  return (document.tests ?? []).map((test): TestVerdict => {
    const problems: string[] = [];
    const events = toEvents(test, plan, ruleSet, problems);
    const matches = problems.length === 0 ? collect(test, plan, events) : [];
    const { expected, got } = judge(
      test,
      matches.map((match) => describe(match, renderer)),
    );
    const passed = problems.length === 0 && JSON.stringify(expected) === JSON.stringify(got);
    return { rule: plan.name, test: test.name, passed, expected, got, problems };
  });
}

/** A failing test as a diagnostic that refuses the revision. */
export function diagnosticOf(verdict: TestVerdict, index: number): Diagnostic {
  const detail =
    verdict.problems.length > 0
      ? verdict.problems.join('; ')
      : `expected ${verdict.expected.join(' ') || 'silence'}, got ${verdict.got.join(' ') || 'silence'}`;
  return {
    code: 'test-failed',
    message: `The test "${verdict.test}" fails: ${detail}.`,
    pointer: `/tests/${index}`,
    severity: 'error',
    document: `rule/${verdict.rule}`,
  };
}
