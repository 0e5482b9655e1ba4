/** Sources on simulated streams, opened over a simulated wire. */
import type { SourceOpener } from '../../src/ports/source.js';
import { SourceError } from '../../src/ports/source.js';
import type { SimProcess } from './sim-process.js';
import type { SimStream } from './sim-stream.js';
import { openReader } from './sim-stream.js';

export interface SimSourceOptions {
  readonly streams: ReadonlyMap<string, SimStream>;
  readonly process: SimProcess;
  /** Messages a reader may give at its n-th turn; 0: the wire is silent. */
  readonly pace?: (turn: number) => number;
}

/** Opens `nats` sources on simulated streams. */
export function simOpener({ streams, process, pace }: SimSourceOptions): SourceOpener {
  return {
    open: (source, start) =>
      process.later(() => {
        const name = source.nats?.stream ?? '';
        const stream = streams.get(name);
        if (stream === undefined) throw new SourceError('stream-not-found', `There is no stream ${name}.`);
        return openReader({ stream, source, process, ...(pace === undefined ? {} : { pace }) }, start);
      }),
  };
}
