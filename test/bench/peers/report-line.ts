/**
 * What a driver says on standard output, one JSON object a line; the engines on the Java side say the same.
 * A driver goes through the workload once to warm up and to hash the matches, again until it is warm, then `passes` times.
 */
export type ReportLine =
  /** The matches of the whole workload, with the hash of their events. */
  | {
      readonly kind: 'verify';
      readonly events: number;
      readonly matches: number;
      readonly hash: string;
      readonly ms: number;
    }
  /** A timed pass: the measured events alone. `matches` are those of the whole workload. */
  | {
      readonly kind: 'pass';
      readonly events: number;
      readonly matches: number;
      readonly rows: number;
      readonly ms: number;
      /** Processor time of all threads, the fill included. */
      readonly cpuMs?: number;
    }
  /** The pass was given up: in this phase, after so many of its events. */
  | { readonly kind: 'timeout'; readonly phase: 'fill' | 'measured'; readonly events: number; readonly ms: number }
  /** A figure by name. */
  | { readonly kind: 'figure'; readonly name: string; readonly value: number };

export function say(line: ReportLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
