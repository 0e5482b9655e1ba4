/** Work that must not overlap, one after the other in the order it was asked for. */
export class Turn {
  private waiting = 0;
  private last: Promise<unknown> = Promise.resolve();

  /** Nothing is at work and nothing waits. */
  get isFree(): boolean {
    return this.waiting === 0;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.waiting++;
    const done = this.last.then(work).finally(() => this.waiting--);
    this.last = done.catch(() => undefined);
    return done;
  }
}
