export type Labels = Readonly<Record<string, string>>;

/** Metrics. Names are Prometheus names; counters end in `_total`, durations in `_seconds`, sizes in `_bytes`. */
export interface Meter {
  count(name: string, by?: number, labels?: Labels): void;
  gauge(name: string, value: number, labels?: Labels): void;
  /** A gauge of these labels has no value any more: what it was of is gone. */
  forget(name: string, labels: Labels): void;
  observe(name: string, value: number, labels?: Labels): void;
}
