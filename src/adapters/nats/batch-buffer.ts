import type { SourceBatch, SourceMessage } from '../../ports/source.js';
import { natsLimits } from './limits.js';

/**
 * What a reader holds between the wire and its caller: messages in order, the gaps between them, and how far was looked. One caller waits at a time.
 *
 * Invariant: a gap is handed over with the first batch whose `scannedTo` covers it, so no position ever stands behind an unreported gap.
 */
export class BatchBuffer {
  #messages: SourceMessage[] = [];
  #bytes = 0;
  #gaps: [number, number][] = [];
  #scannedTo: number;
  #wake: (() => void) | undefined;

  /** `scannedTo`: the sequence reading begins after. */
  constructor(scannedTo: number) {
    this.#scannedTo = scannedTo;
  }

  get messages(): number {
    return this.#messages.length;
  }

  /** Bytes of the payloads held, about: exact when empty, never less than the characters held. */
  get bytes(): number {
    return this.#bytes;
  }

  get scannedTo(): number {
    return this.#scannedTo;
  }

  add(message: SourceMessage, bytes: number): void {
    this.#messages.push(message);
    this.#bytes += bytes;
    this.#scannedTo = message.seq;
    if (this.#wake !== undefined) this.wake();
  }

  /** Looked at, and not wanted. */
  pass(seq: number): void {
    this.#scannedTo = seq;
  }

  addGap(first: number, last: number): void {
    const previous = this.#gaps.at(-1);
    if (previous !== undefined && (previous[1] + 1 === first || this.#gaps.length >= natsLimits.gapsPerBatchMax))
      previous[1] = last;
    else this.#gaps.push([first, last]);
    this.#scannedTo = last;
    this.wake();
  }

  /** Lets a waiting caller look again. */
  wake(): void {
    this.#wake?.();
  }

  /** Waits until there is something to give, `isDone` holds, or the time has passed. */
  wait(waitMsMax: number, isDone: () => boolean): Promise<void> {
    if (waitMsMax <= 0 || this.#hasSomething() || isDone()) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(finish, waitMsMax);
      this.#wake = () => {
        if (this.#hasSomething() || isDone()) finish();
      };
    });
  }

  /** The next batch, without a copy when everything fits. `pendingBehind`: messages of the source not received yet; undefined when unknown. */
  take(messagesMax: number, pendingBehind: number | undefined): SourceBatch {
    const messages = this.#takeMessages(messagesMax);
    const next = this.#messages[0];
    const gaps = next === undefined ? this.#gaps.splice(0) : this.#takeGapsBefore(next.seq);
    const scannedTo = next === undefined ? this.#scannedTo : next.seq - 1;
    return {
      messages,
      gaps,
      scannedTo,
      ended: false,
      caughtUp: next === undefined && pendingBehind === 0,
      pending: pendingBehind === undefined ? undefined : pendingBehind + this.#messages.length,
    };
  }

  #hasSomething(): boolean {
    return this.#messages.length > 0 || this.#gaps.length > 0;
  }

  #takeMessages(messagesMax: number): SourceMessage[] {
    if (this.#messages.length <= messagesMax) {
      const all = this.#messages;
      this.#messages = [];
      this.#bytes = 0;
      return all;
    }
    const some = this.#messages.splice(0, messagesMax);
    for (const message of some) this.#bytes -= message.text?.length ?? 0;
    return some;
  }

  #takeGapsBefore(seq: number): [number, number][] {
    let count = 0;
    while (count < this.#gaps.length && (this.#gaps[count]?.[0] ?? seq) < seq) count += 1;
    return this.#gaps.splice(0, count);
  }
}
