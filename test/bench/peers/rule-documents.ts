/** The rules of a workload as Weir documents. */
import type { EventCondition, RuleSpec, WorkloadSpec } from './workload-spec.js';

function conditionText({ type, code, amountOver }: EventCondition): string {
  const parts = [`type = '${type}'`];
  if (code !== undefined) parts.push(`code = ${code}`);
  if (amountOver !== undefined) parts.push(`amount > ${amountOver}`);
  return parts.join(' and ');
}

const joinText = {
  none: '',
  amountGreater: ' and amount > $a[0].amount',
  codeEqual: ' and code = $a[0].code',
} as const;

export function ruleDocument({ name, first, second, relation, join, withinMs }: RuleSpec): string {
  return `kind: rule
name: ${name}
source: bench
key: key
pattern:
  within: ${withinMs}ms
  sequence:
    - begin: a
      where: ${conditionText(first)}
    - ${relation}: b
      where: ${conditionText(second)}${joinText[join]}
`;
}

export function sourceDocument(maxOutOfOrderMs: number): string {
  return `kind: source
name: bench
nats: { stream: BENCH, subjects: ['bench.>'] }
event: { time: ts, type: type }
watermark: { maxOutOfOrderness: ${maxOutOfOrderMs}ms }
`;
}

/** Source and rules, in files of at most `rulesPerFile` rules. */
export function workloadDocuments(spec: WorkloadSpec, rulesPerFile = 1_000): string[] {
  const texts = [sourceDocument(spec.maxOutOfOrderMs)];
  for (let at = 0; at < spec.rules.length; at += rulesPerFile) {
    texts.push(
      spec.rules
        .slice(at, at + rulesPerFile)
        .map(ruleDocument)
        .join('---\n'),
    );
  }
  return texts;
}
