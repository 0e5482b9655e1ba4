/** How long a lease is held, told by the thread that holds it to those that publish under it: one number in shared memory. */

const NANOS_PER_MS = 1_000_000;

export class SharedHold {
  private readonly until: BigInt64Array;

  /** `memory`: what another thread was given; absent: a new one. */
  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)) {
    this.until = new BigInt64Array(memory);
  }

  /** Held for so long from now. */
  hold(forMs: number): void {
    Atomics.store(this.until, 0, forMs > 0 ? now() + BigInt(Math.floor(forMs * NANOS_PER_MS)) : 0n);
  }

  get isHeld(): boolean {
    return now() < Atomics.load(this.until, 0);
  }
}

/** The same for every thread of the process. */
function now(): bigint {
  return process.hrtime.bigint();
}
