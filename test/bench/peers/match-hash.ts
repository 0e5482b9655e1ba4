/**
 * A hash of a set of matches that does not depend on their order, so that engines that give the same matches give the same hash
 * whatever the order in which they leave. A match is its rule's place in the workload and the `seq` of its events (0 for none).
 */

/** The finalizer of MurmurHash3, 32 bits. */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

export class MatchHash {
  private low = 0;
  private high = 0;

  add(rule: number, first: number, second: number): void {
    const one = mix((mix((mix(rule + 1) + first) | 0) + second) | 0);
    this.low = (this.low + one) | 0;
    this.high = (this.high + mix(one ^ 0x5bd1e995)) | 0;
  }

  get text(): string {
    return [this.high, this.low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
