/** What must hold of a service at every moment, whatever happens to it, and where it did not. */
import type { MemoryStream } from '../../src/adapters/memory/memory-sink.js';
import type { OutboundMessage } from '../../src/ports/sink.js';
import type { StoreChange } from '../../src/ports/store.js';
import type { StoredCheckpoint } from '../../src/runtime/stored-state.js';
import { storeFaults } from '../runtime/stored-consistency.js';

export class SimLaws {
  /** Laws that were broken: sentences. */
  readonly broken: string[] = [];
  private readonly promised = new Set<string>();
  private readonly watermarks = new Map<string, number>();

  /** The state was put back to an earlier moment, and with it what its watermarks were. */
  noteGoneBack(): void {
    this.watermarks.clear();
  }

  /** What is read from the disk is what survived. */
  checkOpened(found: ReadonlyMap<string, string>, durable: ReadonlyMap<string, string>): void {
    const isSame = found.size === durable.size && [...durable].every(([key, value]) => found.get(key) === value);
    if (!isSame) this.broken.push('the store opens with other entries than survived');
  }

  /** A batch will survive. */
  noteDurable(changes: readonly StoreChange[]): void {
    for (const change of changes) {
      if (change.kind === 'del') continue;
      if (change.key.startsWith('o/')) this.promised.add((JSON.parse(change.value) as OutboundMessage).id);
      if (change.key === 'c/0') this.checkWatermarks(JSON.parse(change.value) as StoredCheckpoint);
    }
  }

  checkPromise({ id }: OutboundMessage): void {
    if (!this.promised.has(id)) this.broken.push(`${id} is published before a durable checkpoint holds it`);
  }

  checkStored(entries: ReadonlyMap<string, string>): void {
    this.broken.push(...storeFaults(entries));
  }

  /** When it stopped in order, with everything done. */
  checkEnd(alerts: MemoryStream, entries: ReadonlyMap<string, string>): void {
    const ids = alerts.messages.map(({ id }) => id);
    if (new Set(ids).size !== ids.length) this.broken.push('something is published twice');
    if (this.broken.length > 0) return;
    const left = [...entries.keys()].filter((key) => /^[kot]\//.test(key));
    if (left.length > 0) this.broken.push(`left behind: ${left.join(' ')}`);
  }

  private checkWatermarks({ sources }: StoredCheckpoint): void {
    for (const [name, { timeline }] of Object.entries(sources)) {
      const { watermark } = timeline;
      const now = watermark === 'end' ? Infinity : (watermark ?? -Infinity);
      if (now < (this.watermarks.get(name) ?? -Infinity)) this.broken.push(`the watermark of ${name} goes back`);
      this.watermarks.set(name, now);
    }
  }
}
