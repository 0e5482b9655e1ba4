/** The documents of a simulated service: rules that stay, and one that changes. */
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import type { RandomRule } from './random-rules.js';
import { MERGED, SINGLE } from '../runtime/restart-fixture.js';

const [, ...singleRules] = SINGLE.split('---');

/**
 * A source of units, each with a clock of its own, some of them ahead. An event is at most 2 s behind its arrival and 3 s ahead of it, so
 * none is ever late, whenever a life says that a unit is silent; those further ahead are dead letters.
 */
const UNITS = `
kind: source
name: u
nats: { stream: u, subjects: ["in.>"] }
start: all
event: { time: t, type: type }
watermark: { maxOutOfOrderness: 5s, by: k, idleAfter: 10s, maxFuture: 3s }
late: sideOutput
---
kind: rule
name: unit-pair
source: u
key: k
pattern:
  within: 15s
  sequence: [{ begin: x, where: type = 'x' }, { followedByAny: y, where: type = 'y' }]
onTimeout: { alert: { severity: low } }
---
kind: rule
name: unit-silence
source: u
key: k
pattern:
  within: 12s
  sequence: [{ begin: x, where: type = 'x' }, { notFollowedBy: z, where: type = 'z' }]
`;

/** Three sources and eight rules: timeouts, absences, throttles, skips, merged sources, units, lookbacks in pieces. */
const steadyDocuments = [MERGED, ...singleRules, UNITS].join('---');

const VARIANTS = [
  { within: '20s', where: `type = 'x'`, more: '' },
  { within: '8s', where: `type = 'x'`, more: 'onUpdate: keep' },
  { within: '20s', where: `type = 'y'`, more: 'onUpdate: restart' },
  { within: '30s', where: 'v > 2', more: 'onUpdate: drain' },
  { within: '20s', where: `type = 'x'`, more: 'mode: shadow' },
] as const;

/** Variant 5 is: no such rule. */
function changingRule(variant: number): string {
  const one = VARIANTS[variant];
  if (one === undefined) return '';
  return `---
kind: rule
name: changing
source: a
key: k
pattern:
  within: ${one.within}
  sequence: [{ begin: x, where: "${one.where}" }, { followedBy: y, where: type = 'z' }]
${one.more}
`;
}

/** The files of a service, which its operator may edit. */
export class SimDocuments {
  variant = 0;
  /** Sources that may go on behind a gap. */
  private readonly overGaps = new Set<string>();
  /** Sources that have another name now. */
  private readonly renamed = new Set<string>();

  constructor(private readonly rules: readonly RandomRule[]) {}

  goOnOverGaps(stream: string): void {
    this.overGaps.add(stream);
  }

  /** Reads a stream under another name: without the positions that the state has of it. */
  rename(stream: string): void {
    this.renamed.add(stream);
  }

  text(): string {
    const drawn = this.rules.map((rule) => `---\n${renderRule(rule)}`);
    let text = [steadyDocuments, ...drawn, changingRule(this.variant)].join('');
    for (const name of this.overGaps) text = text.replace(`stream: ${name},`, `stream: ${name}, onGap: continue,`);
    for (const name of this.renamed) {
      text = text.replaceAll(/^(?:name|source): .*$/gm, (line) =>
        line.replaceAll(new RegExp(`\\b${name}$|\\b${name}\\b(?=[,\\]])`, 'g'), `${name}2`),
      );
    }
    return text;
  }

  parse(): ReturnType<typeof parseDocuments> {
    return parseDocuments(this.text(), { origin: 'file', file: 'rules.yaml' });
  }

  /** Names of rules that read one of these streams. */
  rulesOn(streams: ReadonlySet<string>): ReadonlySet<string> {
    const parsed = this.parse();
    const rules = (parsed.ok ? parsed.value : []).flatMap(({ document }) =>
      document.kind === 'rule' ? [document] : [],
    );
    const reads = ({ source }: (typeof rules)[number]): boolean =>
      [source].flat().some((name) => streams.has(streamOf(name)));
    return new Set(rules.filter(reads).map(({ name }) => name));
  }
}

/** A field a line, as the other documents are written, so that sources can be renamed. */
function renderRule(rule: RandomRule): string {
  const { source, ...rest } = rule;
  const lines = Object.entries(rest).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  return `source: [${String(source)}]\n${lines.join('')}`;
}

/** The stream that a source reads, whatever it is called now. */
export function streamOf(source: string): string {
  return source.replace(/2$/, '');
}
