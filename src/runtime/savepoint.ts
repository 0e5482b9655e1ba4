/**
 * Savepoints: everything the store holds at one moment, as texts of lines `["key","value"]`, and a manifest with the hash of each.
 * The store's own snapshot makes it one moment, so that events and checkpoints go on meanwhile.
 */
import type { Digest } from '../ports/digest.js';
import type { SavepointReader, SavepointWriter } from '../ports/savepoint.js';
import { SavepointError } from '../ports/savepoint.js';
import type { StateStore, StoreChange } from '../ports/store.js';
import type { StoredCheckpoint } from './stored-state.js';
import { STATE_FORMAT, checkpointKey } from './state-layout.js';

export const SAVEPOINT_FORMAT = 1;

export const savepointLimits = {
  /** Characters of a part, beyond which the next one begins; a larger entry stands alone. */
  partCharactersMax: 1_048_576,
  /** Parts of a savepoint; more is a refusal. */
  partsMax: 1_000_000,
} as const;

const NAME_DIGITS = 6;
/** Behind every key of the store. */
const LAST_KEY = '\u007f';

export interface SavepointPart {
  readonly name: string;
  readonly entries: number;
  readonly characters: number;
  readonly sha256: string;
}

export interface SavepointSource {
  readonly input: string | null;
  readonly position: number;
  readonly replayFrom: number;
  readonly watermark: number | null | 'end';
}

export interface SavepointManifest {
  readonly product: 'weir';
  readonly what: 'savepoint';
  readonly format: number;
  readonly stateFormat: number;
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** When the checkpoint in it was taken. */
  readonly at: string;
  readonly sources: Readonly<Record<string, SavepointSource>>;
  /** Entries by the first part of their key. */
  readonly counts: Readonly<Record<string, number>>;
  readonly entries: number;
  readonly characters: number;
  readonly parts: readonly SavepointPart[];
  /** Of the manifest as JSON without this field. */
  readonly sha256: string;
}

export interface SavepointSubject {
  readonly name: string;
  readonly store: StateStore;
  readonly shard: number;
  readonly digest: Digest;
  /** Asked before each part: a reason to give up. */
  readonly stopped: () => boolean;
}

/** A savepoint that is written but for its manifest: there once `finish` resolves, gone once `abandon` does. One of the two, once. */
export interface SavepointDraft {
  readonly place: string;
  readonly manifest: SavepointManifest;
  /** Rejects when there is none. */
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

/** Writes what is durable now, but for the manifest. Rejects when there is none. */
export async function draftSavepoint(subject: SavepointSubject, writer: SavepointWriter): Promise<SavepointDraft> {
  const orGone = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  };
  const manifest = await orGone(() => writeParts(subject, writer));
  return {
    place: writer.place,
    manifest,
    finish: () => orGone(() => writer.finish(JSON.stringify(manifest, undefined, 1))),
    abandon: () => writer.abandon(),
  };
}

/** Writes a savepoint of what is durable now. Resolves when it is complete; rejects when there is none. */
export async function writeSavepoint(subject: SavepointSubject, writer: SavepointWriter): Promise<SavepointManifest> {
  const draft = await draftSavepoint(subject, writer);
  await draft.finish();
  return draft.manifest;
}

async function writeParts(subject: SavepointSubject, writer: SavepointWriter): Promise<SavepointManifest> {
  const { store, digest, stopped } = subject;
  const parts: SavepointPart[] = [];
  const counts: Record<string, number> = {};
  let checkpoint: StoredCheckpoint | undefined;
  let lines: string[] = [];
  let characters = 0;
  const writePart = async (): Promise<void> => {
    if (lines.length === 0) return;
    if (stopped())
      throw new SavepointError('savepoint-cut-short', 'The engine stopped before the savepoint was complete.');
    if (parts.length >= savepointLimits.partsMax)
      throw new SavepointError('savepoint-place', `A savepoint has at most ${savepointLimits.partsMax} parts.`);
    const text = lines.join('');
    const name = `part-${String(parts.length + 1).padStart(NAME_DIGITS, '0')}.ndjson`;
    parts.push({ name, entries: lines.length, characters: text.length, sha256: digest(text) });
    lines = [];
    characters = 0;
    await writer.put(name, text);
  };
  for await (const [key, value] of store.entries('', LAST_KEY)) {
    if (key === checkpointKey(subject.shard)) checkpoint = JSON.parse(value) as StoredCheckpoint;
    const kind = key.slice(0, key.indexOf('/'));
    counts[kind] = (counts[kind] ?? 0) + 1;
    const line = `${JSON.stringify([key, value])}\n`;
    if (characters + line.length > savepointLimits.partCharactersMax) await writePart();
    lines.push(line);
    characters += line.length;
  }
  await writePart();
  if (checkpoint === undefined)
    throw new SavepointError('savepoint-missing', 'The state holds no checkpoint: there is nothing to save.');
  return manifestOf({ name: subject.name, checkpoint, counts, parts, digest });
}

function manifestOf(made: {
  readonly name: string;
  readonly checkpoint: StoredCheckpoint;
  readonly counts: Readonly<Record<string, number>>;
  readonly parts: readonly SavepointPart[];
  readonly digest: Digest;
}): SavepointManifest {
  const { name, checkpoint, counts, parts, digest } = made;
  const { namespace, revision, format: stateFormat, at } = checkpoint;
  const sources = Object.entries(checkpoint.sources).map(([source, saved]): [string, SavepointSource] => [
    source,
    {
      input: saved.input ?? null,
      position: saved.position,
      replayFrom: saved.replayFrom,
      watermark: saved.timeline.watermark,
    },
  ]);
  const content: Omit<SavepointManifest, 'sha256'> = {
    product: 'weir',
    what: 'savepoint',
    format: SAVEPOINT_FORMAT,
    stateFormat,
    name,
    namespace,
    revision,
    at: new Date(at).toISOString(),
    sources: Object.fromEntries(sources),
    counts,
    entries: parts.reduce((sum, part) => sum + part.entries, 0),
    characters: parts.reduce((sum, part) => sum + part.characters, 0),
    parts,
  };
  return { ...content, sha256: digest(JSON.stringify(content)) };
}

/** The manifest, checked. Rejects with `SavepointError`. */
export async function readManifest(reader: SavepointReader, digest: Digest): Promise<SavepointManifest> {
  const text = await reader.manifest();
  let manifest: SavepointManifest;
  try {
    manifest = JSON.parse(text) as SavepointManifest;
  } catch {
    throw damaged(reader, 'its manifest is not JSON');
  }
  const { sha256, ...content } = manifest;
  if (content.product !== 'weir' || content.what !== 'savepoint')
    throw new SavepointError('savepoint-missing', `${reader.place} is no savepoint of Weir.`);
  if (content.format > SAVEPOINT_FORMAT || content.stateFormat > STATE_FORMAT) {
    throw new SavepointError(
      'savepoint-format',
      `${reader.place} was written by a newer version (savepoint format ${content.format}, state format ${content.stateFormat}): use that version.`,
    );
  }
  if (digest(JSON.stringify(content)) !== sha256) throw damaged(reader, 'the checksum of its manifest is wrong');
  return manifest;
}

/** The entries in order, each part checked before its first entry is given. Rejects with `SavepointError` `savepoint-damaged`. */
export async function* savepointEntries(
  reader: SavepointReader,
  manifest: SavepointManifest,
  digest: Digest,
): AsyncIterable<readonly [string, string]> {
  for (const part of manifest.parts) {
    const text = await reader.read(part.name);
    if (digest(text) !== part.sha256) throw damaged(reader, `the checksum of ${part.name} is wrong`);
    for (const line of text.split('\n')) if (line !== '') yield JSON.parse(line) as [string, string];
  }
}

/** Reads every part and compares its checksum. Rejects with `SavepointError`. */
export async function verifySavepoint(reader: SavepointReader, digest: Digest): Promise<SavepointManifest> {
  const manifest = await readManifest(reader, digest);
  const all = savepointEntries(reader, manifest, digest)[Symbol.asyncIterator]();
  let entries = 0;
  while ((await all.next()).done !== true) entries++;
  if (entries !== manifest.entries) throw damaged(reader, `it holds ${entries} entries instead of ${manifest.entries}`);
  return manifest;
}

const COMMIT_ENTRIES_MAX = 10_000;

/**
 * Puts a savepoint into an empty store, marked so that the next start looks up which alerts found again are published already. The
 * store is complete when this resolves, and of no use before.
 */
export async function restoreSavepoint(
  reader: SavepointReader,
  manifest: SavepointManifest,
  into: { readonly store: StateStore; readonly shard: number; readonly digest: Digest },
): Promise<void> {
  let changes: StoreChange[] = [];
  for await (const [key, value] of savepointEntries(reader, manifest, into.digest)) {
    changes.push({ kind: 'put', key, value });
    if (changes.length < COMMIT_ENTRIES_MAX) continue;
    await into.store.commit(changes, { sync: false });
    changes = [];
  }
  await into.store.commit(changes, { sync: false });
  await markGoneBack(into.store, into.shard);
}

/** The state was put back to an earlier moment: alerts found again from there may be published already. */
export async function markGoneBack(store: StateStore, shard: number): Promise<void> {
  const key = checkpointKey(shard);
  const text = await store.get(key);
  if (text === undefined) {
    throw new SavepointError(
      'savepoint-missing',
      'What the state can go back to is older than its first checkpoint. Move the state directory away and start with an empty one: under a lease, alerts that the stream has are left out.',
    );
  }
  const checkpoint = JSON.parse(text) as StoredCheckpoint;
  const { since, repeats } = checkpoint.outbox;
  const outbox = { ...checkpoint.outbox, repeats: { since: Math.min(since, repeats?.since ?? since) } };
  await store.commit([{ kind: 'put', key, value: JSON.stringify({ ...checkpoint, outbox }) }], { sync: true });
}

function damaged(reader: SavepointReader, what: string): SavepointError {
  return new SavepointError(
    'savepoint-damaged',
    `The savepoint ${reader.place} is damaged: ${what}. Nothing was written.`,
  );
}
