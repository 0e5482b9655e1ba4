/** The generated synchronous copy of jsonata, as far as the adapter uses it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface SyncExpression {
  evaluate(input: unknown, bindings: Readonly<Record<string, unknown>>): unknown;
  ast(): unknown;
}

/** Frame of an evaluation, handed to the hooks. */
export interface SyncEnvironment {
  readonly base: { readonly depth: number };
}

export interface SyncOptions {
  /** What `$now()` and `$millis()` give, ms. */
  readonly now: () => number;
  /** Called without a receiver, before and after every node. */
  readonly onEntry: (node: unknown, input: unknown, environment: SyncEnvironment) => void;
  readonly onExit: (node: unknown, input: unknown, environment: SyncEnvironment, result: unknown) => void;
  /** Called with what a built-in function gives. */
  readonly onResult: (result: unknown) => void;
  /** Longest array of `..` and `$append`. */
  readonly sequence: number;
  /** Made from the regular expression the parser built. */
  readonly RegexEngine: new (regex: RegExp) => RegexEngine;
}

export interface RegexEngine {
  lastIndex: number;
  exec(text: string): RegExpExecArray | null;
}

export type SyncJsonata = (source: string, options: SyncOptions) => SyncExpression;

const GENERATED = './generated/jsonata-sync.cjs';

/** Loads the copy that `npm run generate` writes (and `npm run build` puts next to the built program). */
export function loadSyncJsonata(): SyncJsonata {
  if (!existsSync(fileURLToPath(new URL(GENERATED, import.meta.url)))) {
    throw new Error('The synchronous copy of jsonata is missing: run `npm run generate`.');
  }
  return createRequire(import.meta.url)(GENERATED) as SyncJsonata;
}
