/** Time and waiting, injected so that a simulator can own them. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Monotonic milliseconds with a fraction, for durations. */
  monotonic(): number;
  /** Calls once after `ms`; the result cancels. */
  after(ms: number, call: () => void): () => void;
  /** Yields to the event loop (I/O included). */
  yield(): Promise<void>;
}
