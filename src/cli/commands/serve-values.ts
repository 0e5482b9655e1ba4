/** What `weir serve` is told, read: numbers, directories, settings of the engine. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { levelLimits } from '../../adapters/level/level-limits.js';
import type { LevelStoreOptions } from '../../adapters/level/open-level-store.js';
import { logLevels } from '../../adapters/log-pino/pino-log.js';
import type { LogLevel } from '../../adapters/log-pino/pino-log.js';
import type { Log } from '../../ports/log.js';
import { SHARD } from '../../runtime/engine.js';
import { defaultSettings } from '../../runtime/engine-options.js';
import type { EngineSettings } from '../../runtime/engine-options.js';
import { markGoneBack } from '../../runtime/savepoint.js';
import { routingLimits } from '../../runtime/shards/routing.js';
import { CommandError, exitCodes } from '../terminal.js';
import { outboxWaitMs } from './end-in-time.js';
import type { ServeOptions } from './serve-options.js';

const BYTES_PER_MIB = 1_048_576;
/** Keys in memory take one part of the heap by default; batches, buffers, the outbox and garbage take the others. */
const HEAP_PARTS = 3;
const DEFAULT_DIRECTORIES: readonly string[] = ['rules', 'patterns'];

export function parseWhole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new CommandError(`--${name} ${text}: write a whole number.`, exitCodes.invalid);
  return value;
}

export function parseLevel(text: string): LogLevel {
  const level = logLevels.find((one) => one === text);
  if (level === undefined)
    throw new CommandError(`--log-level ${text}: write one of ${logLevels.join(', ')}.`, exitCodes.invalid);
  return level;
}

export function parseShards({ shards }: ServeOptions): number {
  const count = parseWhole('shards', shards);
  if (count >= 1 && count <= routingLimits.shardsMax) return count;
  throw new CommandError(`--shards ${shards}: write a number from 1 to ${routingLimits.shardsMax}.`, exitCodes.invalid);
}

export function stopWithinMs({ stopWithin }: ServeOptions): number {
  return parseWhole('stop-within', stopWithin);
}

/**
 * What is given, shared by the shards; else a share of what Node.js may use in this thread (`--max-old-space-size`, or its own choice
 * by the machine's memory).
 */
export function stateMemoryBytes({ stateMemory }: ServeOptions, shards: number): number {
  if (stateMemory !== undefined) return Math.floor((parseWhole('state-memory', stateMemory) * BYTES_PER_MIB) / shards);
  return Math.floor(getHeapStatistics().heap_size_limit / HEAP_PARTS);
}

/** Those named, all of which must be there; else those of the default that are, at least one. */
export function documentDirectories({ rules }: ServeOptions): readonly string[] {
  const missing = rules?.find((directory) => !existsSync(directory));
  if (missing !== undefined)
    throw new CommandError(`--rules ${missing}: there is no such directory.`, exitCodes.invalid);
  const found = rules ?? DEFAULT_DIRECTORIES.filter((directory) => existsSync(directory));
  if (found.length > 0) return found;
  throw new CommandError(
    'There is neither `rules` nor `patterns` here: name the documents with --rules.',
    exitCodes.invalid,
  );
}

/** Where a shard has its state: the only one in the directory itself. */
export function shardDirectory(state: string, shard: number, shards: number): string {
  return shards === 1 ? state : join(state, `shard-${shard}`);
}

/** A directory is of one number of shards: keys do not move between them. */
export function checkShards({ state }: ServeOptions, shards: number): void {
  const isOfOne = existsSync(join(state, 'db'));
  let found = 0;
  while (existsSync(join(shardDirectory(state, found, 2), 'db'))) found++;
  const was = isOfOne ? 1 : found;
  if (was === 0 || was === shards) return;
  throw new CommandError(
    `The state in ${state} is of ${was} ${was === 1 ? 'shard' : 'shards'}, and keys do not move between shards: start with --shards ${was}, or with another --state, where the rules begin anew.`,
    exitCodes.invalid,
  );
}

export function storeOptions(options: ServeOptions, state: string, log: Log): LevelStoreOptions {
  const { retained, retainInterval, recoverFrom } = options;
  const keep = parseWhole('retained', retained);
  const retain = {
    directory: join(state, 'retained'),
    keep,
    intervalMs: parseWhole('retain-interval', retainInterval),
    journalBytesMax: levelLimits.journalBytesMax,
  };
  return {
    directory: join(state, 'db'),
    log,
    ...(keep > 0 ? { retain } : {}),
    ...(recoverFrom === undefined ? {} : { recoverFrom: parseWhole('recover-from', recoverFrom) }),
    onGoneBack: (store) => markGoneBack(store, SHARD),
  };
}

export function engineSettings(options: ServeOptions, shard: number): EngineSettings {
  const shards = parseShards(options);
  return {
    ...defaultSettings,
    shard,
    shards,
    namespace: options.namespace,
    alertPrefix: options.alertPrefix,
    acceptLostAlerts: options.acceptLostAlerts === true,
    dataDirectory: options.data,
    checkpointIntervalMs: parseWhole('checkpoint-interval', options.checkpointInterval),
    checkpointPauseMinMs: parseWhole('checkpoint-pause', options.checkpointPause),
    stateMemoryBytesMax: stateMemoryBytes(options, shards),
    stopWaitMaxMs: outboxWaitMs(stopWithinMs(options), defaultSettings.stopWaitMaxMs),
  };
}
