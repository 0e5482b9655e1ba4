/** The documents of a simulated service: rules that stay, and one that changes. */
import { MERGED, SINGLE } from '../runtime/restart-fixture.js';

const [, ...singleRules] = SINGLE.split('---');

/** Two sources and six rules: timeouts, absences, throttles, skips, merged sources, lookbacks in pieces. */
export const steadyDocuments = [MERGED, ...singleRules].join('---');

const VARIANTS = [
  { within: '20s', where: `type = 'x'`, more: '' },
  { within: '8s', where: `type = 'x'`, more: 'onUpdate: keep' },
  { within: '20s', where: `type = 'y'`, more: 'onUpdate: restart' },
  { within: '30s', where: 'v > 2', more: 'onUpdate: drain' },
  { within: '20s', where: `type = 'x'`, more: 'mode: shadow' },
] as const;

/** Variant 5 is: no such rule. */
export function changingRule(variant: number): string {
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
