import type { Log } from '../../ports/log.js';
import { exitCodes } from '../terminal.js';

export const stopLimits = {
  /**
   * Milliseconds from a signal, or a failure, to the end of the process; below what most supervisors wait (30 s) before they kill.
   * At it the process ends as it is: the state is good up to its last checkpoint, and the next start repeats the rest.
   */
  stopMsMax: 25_000,
} as const;

/** The part of it that waiting alerts may take to leave; the rest is for requests, two checkpoints and closing. */
const OUTBOX_SHARE = 0.4;

/** How long a stop waits for alerts to leave, at most `usualMs`. */
export function outboxWaitMs(withinMs: number, usualMs: number): number {
  return Math.min(usualMs, Math.floor(withinMs * OUTBOX_SHARE));
}

/** Ends the process `withinMs` from now, unless it has ended by itself. */
export function endInTime(withinMs: number, log: Log): void {
  const end = (): void => {
    log.error('the stop took too long and was cut off; the state is good up to its last checkpoint', {
      code: 'stop-overdue',
      withinMs,
    });
    process.exit(exitCodes.failed);
  };
  setTimeout(end, withinMs).unref();
}
