/** What a benchmark prints: the workload, the figures, and a hash of the results, so that two runs can be compared. */
export interface BenchResult {
  readonly name: string;
  readonly workload: string;
  readonly figures: Readonly<Record<string, number | string>>;
  readonly hash: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function formatResult({ name, workload, figures, hash }: BenchResult): string {
  const lines = Object.entries(figures).map(([label, value]) => {
    const shown = typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 2 }) : value;
    return `    ${label.padEnd(34)} ${shown}`;
  });
  return [`${name}`, `    ${workload}`, ...lines, `    ${'hash of the results'.padEnd(34)} ${hash}`].join('\n');
}
