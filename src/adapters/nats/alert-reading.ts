import { SinkError } from '../../ports/sink.js';
import type { Log } from '../../ports/log.js';
import { NatsClosedError } from './connection.js';
import type { NatsLink } from './connection.js';
import { natsLimits } from './limits.js';
import { readHeaders } from './source-message.js';
import { StreamFeed } from './stream-feed.js';

export interface AlertReadingOptions {
  readonly link: NatsLink;
  readonly log: Log;
  readonly stream: string;
  readonly afterSeq: number;
  /** Reading ends here, or where the stream ends. */
  readonly lastSeq: number;
}

/**
 * The message ids a stream holds after a sequence, with their sequences, read headers only. Survives outages. Rejects with `SinkError`
 * `alerts-expired` when what follows `afterSeq` is gone, `alerts-too-many` beyond `alertIdsMax`, `closed` when the link is closed.
 */
export function readAlertIds(options: AlertReadingOptions): Promise<ReadonlyMap<string, number>> {
  const { link, log, stream, afterSeq, lastSeq } = options;
  return new Promise((resolve, reject) => {
    const ids = new Map<string, number>();
    let missing = 0;
    const finish = (error?: unknown): void => {
      feed.close();
      if (missing > 0)
        log.warn(
          'Some alerts were deleted from the alert stream; should one not be acknowledged yet, it is published again',
          { stream, missing },
        );
      if (error === undefined) resolve(ids);
      else
        reject(
          error instanceof NatsClosedError
            ? new SinkError('closed', 'The NATS link is closed.', {}, { cause: error })
            : error,
        );
    };
    const finishIfDone = (): void => {
      if (feed.receivedSeq >= lastSeq || feed.pending === 0) finish();
    };
    const feed = new StreamFeed({
      link,
      log,
      stream,
      consumerPrefix: 'weir_alerts',
      headersOnly: true,
      firstSeq: afterSeq + 1,
      held: () => ({ messages: 0, bytes: 0 }),
      onMessage: (message, delivery) => {
        const id = readHeaders(message)?.['Nats-Msg-Id'];
        if (id !== undefined) ids.set(id, delivery.streamSeq);
        if (ids.size > natsLimits.alertIdsMax) finish(tooMany(stream));
        else finishIfDone();
      },
      onGap: (first, last) => {
        if (first === afterSeq + 1) finish(expired({ stream, afterSeq, firstSeq: last + 1 }));
        else missing += last - first + 1;
      },
      onChange: finishIfDone,
      check: () => Promise.resolve(),
      onFailure: finish,
    });
    feed.start();
  });
}

export function expired(fields: {
  readonly stream: string;
  readonly afterSeq: number;
  readonly firstSeq: number;
}): SinkError {
  const { stream, afterSeq, firstSeq } = fields;
  return new SinkError(
    'alerts-expired',
    `Alert stream ${stream} begins at ${firstSeq}, but everything after ${afterSeq} is needed to know which alerts were already published: they expired, or were purged, while the service was away. ` +
      'Choose: start once with --accept-lost-alerts (alerts not yet acknowledged may be published twice), and keep alerts for longer than the service may be away.',
    fields,
  );
}

function tooMany(stream: string): SinkError {
  return new SinkError(
    'alerts-too-many',
    `More than ${natsLimits.alertIdsMax} alerts in ${stream} would have to be compared.`,
    { stream },
  );
}
