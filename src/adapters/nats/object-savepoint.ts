/**
 * A savepoint in a JetStream object store: an object for each part, `<name>/<part>`, and last of all the manifest, without which it
 * is none. The server acknowledges every chunk; an object is there once its own description is.
 */
import { jetstream } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import type { ObjectStore } from '@nats-io/obj';
import { SavepointError } from '../../ports/savepoint.js';
import type { SavepointReader, SavepointWriter } from '../../ports/savepoint.js';
import { reasonOf } from './backoff.js';
import type { NatsLink } from './connection.js';
import { natsLimits } from './limits.js';

const manifestObject = 'savepoint.json';

export interface ObjectPlace {
  readonly bucket: string;
  readonly name: string;
}

/** How people write it: `object:<bucket>/<name>`. */
export function objectPlace({ bucket, name }: ObjectPlace): string {
  return `object:${bucket}/${name}`;
}

/** Reads `object:<bucket>/<name>`; undefined for anything else. */
export function parseObjectPlace(text: string): ObjectPlace | undefined {
  const [, bucket, name] = /^object:([\w-]+)\/([\w-]+)$/.exec(text) ?? [];
  return bucket === undefined || name === undefined ? undefined : { bucket, name };
}

/** Says which savepoint a failure was about. */
async function attempt<T>(place: ObjectPlace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SavepointError) throw error;
    const message = `The object store does not serve ${objectPlace(place)}: ${reasonOf(error)}`;
    throw new SavepointError('savepoint-place', message, { ...place }, { cause: error });
  }
}

async function openBucket(link: NatsLink, bucket: string, create: boolean): Promise<ObjectStore> {
  const connection = link.current();
  if (connection === undefined)
    throw new Error(`NATS is not connected: ${link.status().lastError ?? 'waiting for it'}`);
  const manager = new Objm(jetstream(connection, { checkAPI: false, timeout: natsLimits.objectTimeoutMs }));
  return create ? manager.create(bucket, { description: 'Savepoints of Weir' }) : manager.open(bucket);
}

async function deleteParts(store: ObjectStore, prefix: string): Promise<void> {
  for (const { name } of await store.list()) if (name.startsWith(prefix)) await store.delete(name);
}

/** Creates the bucket if absent. Rejects with `SavepointError`: `savepoint-exists`, `savepoint-place`. */
export async function createObjectSavepoint(link: NatsLink, place: ObjectPlace): Promise<SavepointWriter> {
  const prefix = `${place.name}/`;
  const timeout = natsLimits.objectTimeoutMs;
  const utf8 = new TextEncoder();
  const store = await attempt(place, async () => {
    const opened = await openBucket(link, place.bucket, true);
    if ((await opened.info(prefix + manifestObject)) !== null)
      throw new SavepointError('savepoint-exists', `There is a savepoint ${objectPlace(place)}: choose another name.`);
    // Parts without a manifest are what an attempt that was cut short left.
    await deleteParts(opened, prefix);
    return opened;
  });
  const put = (name: string, text: string): Promise<void> =>
    attempt(place, async () => void (await store.putBlob({ name: prefix + name }, utf8.encode(text), { timeout })));
  return {
    place: objectPlace(place),
    put,
    finish: (manifest) => put(manifestObject, manifest),
    abandon: () => deleteParts(store, prefix).catch(() => undefined),
  };
}

/** Waits for the server, not for ever. Its calls reject with `SavepointError` for what is not there. */
export async function openObjectSavepoint(link: NatsLink, place: ObjectPlace): Promise<SavepointReader> {
  await Promise.race([link.ready(), link.pause(natsLimits.objectTimeoutMs)]);
  const read = (name: string): Promise<string> =>
    attempt(place, async () => {
      const store = await openBucket(link, place.bucket, false);
      const bytes = await store.getBlob(`${place.name}/${name}`);
      if (bytes !== null) return new TextDecoder().decode(bytes);
      const code = name === manifestObject ? 'savepoint-missing' : 'savepoint-damaged';
      throw new SavepointError(code, `${objectPlace(place)} is no complete savepoint: ${name} is missing.`);
    });
  return { place: objectPlace(place), manifest: () => read(manifestObject), read };
}
