/** `weir state WHAT`: what a state directory or a savepoint holds. Changes nothing. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lookInto } from '../../adapters/level/look-into.js';
import { listRetained, readAbout, retainedPaths } from '../../adapters/level/retained.js';
import { createPinoLog } from '../../adapters/log-pino/pino-log.js';
import { parseObjectPlace } from '../../adapters/nats/object-savepoint.js';
import { manifestFile } from '../../adapters/savepoint-files/directory-savepoint.js';
import { systemDigest } from '../../adapters/system/system-digest.js';
import { compileRuleSet } from '../../core/document/compile.js';
import type { PlacedDocument, WeirDocument } from '../../core/document/documents.js';
import { StoreError } from '../../ports/store.js';
import type { KeyView, StateEntries, StateSummary } from '../../runtime/inspect-state.js';
import { summarizeState, viewKey } from '../../runtime/inspect-state.js';
import { readManifest, savepointEntries } from '../../runtime/savepoint.js';
import { describeKey, describeState } from '../describe-state.js';
import type { RetainedView } from '../describe-state.js';
import { compileEnvironment } from '../load-documents.js';
import type { NatsFlags } from '../nats-options.js';
import { withSavepoint } from '../savepoint-places.js';
import { CommandError, exitCodes } from '../terminal.js';

export interface StateOptions extends NatsFlags {
  readonly json?: boolean;
  readonly key?: string;
}

function stagesOf(documents: readonly WeirDocument[]): readonly string[] | undefined {
  const placed = documents.map((document): PlacedDocument => ({ document, origin: 'file', locate: () => undefined }));
  const compiled = compileRuleSet(placed, compileEnvironment('.'));
  return compiled.ok ? [...compiled.value.rules.values()][0]?.automaton.stages : undefined;
}

/** The database of a state directory, or the directory itself when it is one. */
function databaseIn(directory: string): string {
  const within = join(directory, 'db');
  return existsSync(within) ? within : directory;
}

/** Checkpoints retained in a state directory, the oldest first. */
async function retainedIn(state: string): Promise<readonly RetainedView[]> {
  const directory = join(state, 'retained');
  const numbers = await listRetained(directory);
  return Promise.all(
    numbers.map(async (number): Promise<RetainedView> => {
      const about = await readAbout(directory, number);
      const { size: journalBytes } = statSync(retainedPaths(directory, number).journal, { throwIfNoEntry: false }) ?? {
        size: 0,
      };
      return { number, at: about === undefined ? null : new Date(about.at).toISOString(), journalBytes };
    }),
  );
}

async function withEntries<T>(
  what: string,
  options: StateOptions,
  use: (entries: StateEntries) => Promise<T>,
): Promise<T> {
  const isSavepoint = parseObjectPlace(what) !== undefined || existsSync(join(what, manifestFile));
  if (!isSavepoint) {
    if (existsSync(join(what, 'shard-0')))
      throw new CommandError(
        `${what} holds a state for each shard: look into one, ${join(what, 'shard-0')} is the first.`,
        exitCodes.invalid,
      );
    if (!existsSync(what)) throw new CommandError(`There is no directory \`${what}\`.`, exitCodes.invalid);
    return lookInto(databaseIn(resolve(what)), (store) => use(store.entries('', '\u007f')));
  }
  return withSavepoint(what, options, createPinoLog({ level: 'warn', to: 'stderr' }), async (reader) => {
    const manifest = await readManifest(reader, systemDigest);
    return use(savepointEntries(reader, manifest, systemDigest));
  });
}

function explain(error: unknown, what: string): unknown {
  if (!(error instanceof StoreError) || error.code !== 'locked') return error;
  return new CommandError(
    `A service holds ${what}: stop it, or look into a retained checkpoint (${join(what, 'retained', '<number>')}) or a savepoint.`,
  );
}

export async function state(what: string, options: StateOptions): Promise<number> {
  const write = (text: string): void => void process.stdout.write(`${text}\n`);
  const show = <T>(value: T, describe: (value: T) => string): void =>
    write(options.json === true ? JSON.stringify(value, undefined, 2) : describe(value));
  try {
    if (options.key !== undefined) {
      const { key } = options;
      const views: KeyView[] = await withEntries(what, options, (entries) => viewKey(entries, key, stagesOf));
      if (views.length === 0) throw new CommandError(`Nothing is held for the key ${key}.`);
      show(views, (all) => all.map(describeKey).join('\n\n'));
      return exitCodes.ok;
    }
    const summary: StateSummary | undefined = await withEntries(what, options, summarizeState);
    if (summary === undefined) throw new CommandError(`${what} holds no checkpoint yet.`);
    show({ ...summary, retained: await retainedIn(what) }, describeState);
    return exitCodes.ok;
  } catch (error) {
    throw explain(error, what);
  }
}
