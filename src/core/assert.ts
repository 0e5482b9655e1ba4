/** Thrown when an invariant is broken: a bug of ours, never bad input. The shard stops and restarts from its checkpoint. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  readonly code = 'invariant';
}

/** States what cannot be otherwise. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
