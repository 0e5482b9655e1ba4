import type { Wire } from '../../ports/wire.js';

/** Two ends of a wire within a thread: messages are handed over as they are, at once. Both ends receive before either sends. */
export function localWire<A, B>(): readonly [Wire<A, B>, Wire<B, A>] {
  let toFirst: ((message: B) => void) | undefined;
  let toSecond: ((message: A) => void) | undefined;
  return [
    { send: (message) => toSecond?.(message), receive: (call) => void (toFirst = call), close: () => undefined },
    { send: (message) => toFirst?.(message), receive: (call) => void (toSecond = call), close: () => undefined },
  ];
}
