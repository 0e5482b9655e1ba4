import type { Clock } from '../../src/ports/clock.js';
import type { AlertSink } from '../../src/ports/sink.js';
import type { SourceOpener } from '../../src/ports/source.js';
import type { StateStore } from '../../src/ports/store.js';

/** Bugs to plant, so that it is known that they would be found. */
export interface Planted {
  readonly store?: (store: StateStore) => StateStore;
  readonly sink?: (sink: AlertSink) => AlertSink;
  readonly opener?: (opener: SourceOpener) => SourceOpener;
  readonly clock?: (clock: Clock) => Clock;
  readonly blindDisk?: boolean;
  /** A state that lost batches is not marked as one that went back. */
  readonly unmarked?: boolean;
  /** The alert server recognises no duplicates, and says that it does. */
  readonly forgetfulServer?: boolean;
}
