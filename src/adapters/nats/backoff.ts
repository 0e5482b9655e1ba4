import { natsLimits } from './limits.js';
import type { Log, LogFields } from '../../ports/log.js';

/** Doubling pause with jitter in [½, 1] of its step, so that many clients do not return at once. */
export function backoffMs(attempt: number, range: { readonly minMs: number; readonly maxMs: number }): number {
  const step = Math.min(range.maxMs, range.minMs * 2 ** Math.min(attempt, 30));
  return Math.round(step * (0.5 + Math.random() / 2));
}

/** The pause before JetStream work is tried again. */
export function retryDelayMs(attempt: number): number {
  return backoffMs(attempt, { minMs: natsLimits.retryDelayMsMin, maxMs: natsLimits.retryDelayMsMax });
}

/** Says something once, then, while it goes on, at growing intervals; `clear` ends the episode. */
export class EpisodeLog {
  #nextAtMs = -Infinity;
  #intervalMs: number = natsLimits.logIntervalMsMin;
  #times = 0;

  constructor(
    private readonly log: Log,
    private readonly level: 'warn' | 'error',
  ) {}

  say(message: string, fields: LogFields): void {
    this.#times += 1;
    const now = performance.now();
    if (now < this.#nextAtMs) return;
    this.log[this.level](message, { ...fields, times: this.#times });
    this.#nextAtMs = now + this.#intervalMs;
    this.#intervalMs = Math.min(this.#intervalMs * 2, natsLimits.logIntervalMsMax);
  }

  /** True when something had been said since the last `clear`. */
  clear(): boolean {
    const said = this.#times > 0;
    this.#nextAtMs = -Infinity;
    this.#intervalMs = natsLimits.logIntervalMsMin;
    this.#times = 0;
    return said;
  }
}

/** The words of an error, for a log line or a message. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return String(error);
}
