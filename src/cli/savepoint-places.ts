/** Where savepoints are, by what a person writes: a directory, or `object:<bucket>/<name>`. */
import { join, resolve } from 'node:path';
import { connectNats } from '../adapters/nats/connection.js';
import type { NatsLink } from '../adapters/nats/connection.js';
import { createObjectSavepoint, openObjectSavepoint, parseObjectPlace } from '../adapters/nats/object-savepoint.js';
import { createDirectorySavepoint, openDirectorySavepoint } from '../adapters/savepoint-files/directory-savepoint.js';
import { checkSavepointName } from '../adapters/savepoint-files/savepoint-name.js';
import type { Log } from '../ports/log.js';
import type { SavepointPlaces, SavepointReader } from '../ports/savepoint.js';
import { natsOptions } from './nats-options.js';
import type { NatsFlags } from './nats-options.js';

/** The places a service writes to: below one directory, and in any bucket. */
export function savepointPlaces(directory: string, link: NatsLink): SavepointPlaces {
  return async ({ name, bucket }) => {
    checkSavepointName(name);
    if (bucket === undefined) return createDirectorySavepoint(join(resolve(directory), name));
    return createObjectSavepoint(link, { bucket: checkSavepointName(bucket, 'name of a bucket'), name });
  };
}

/** Gives a savepoint to `use`; connects to NATS only if it is in an object store. */
export async function withSavepoint<T>(
  from: string,
  flags: NatsFlags,
  log: Log,
  use: (reader: SavepointReader) => Promise<T>,
): Promise<T> {
  const place = parseObjectPlace(from);
  if (place === undefined) return use(openDirectorySavepoint(resolve(from)));
  const link = await connectNats(natsOptions(flags), log);
  try {
    return await use(await openObjectSavepoint(link, place));
  } finally {
    await link.close();
  }
}
