/** Rules of the core benchmarks, by workload name. */
const source = `
kind: source
name: bench
nats: { stream: BENCH, subjects: ['bench.>'] }
event: { time: ts, type: type }
`;

function rule(where: string): string {
  return `${source}
---
kind: rule
name: bench
source: bench
key: key
pattern:
  within: 10m
  sequence:
    - begin: a
      where: type = 'a'
    - followedBy: b
      where: ${where}
`;
}

export const coreRules = {
  W1: rule("type = 'b'"),
  W2: rule("type = 'b' and amount > $a.amount"),
} as const;
