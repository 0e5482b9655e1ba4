import type { Clock } from '../../ports/clock.js';

/** The longest delay setTimeout knows; a longer one would fire at once. */
const delayMsMax = 2 ** 31 - 1;

function after(ms: number, call: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    timer = left > delayMsMax ? setTimeout(() => wait(left - delayMsMax), delayMsMax) : setTimeout(call, left);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/** The clocks and timers of the process. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after,
  yield: () => new Promise((resolve) => setImmediate(resolve)),
};
