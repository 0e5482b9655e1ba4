/** Documents for a command: from files and directories, compiled as one set. */
import { existsSync } from 'node:fs';
import { parseDocuments } from '../adapters/document/parse-documents.js';
import { createDocumentFiles } from '../adapters/document-files/document-files.js';
import { createJsonataCompiler } from '../adapters/jsonata/index.js';
import { compileSchema } from '../adapters/json-schema/compile-schema.js';
import { systemDigest } from '../adapters/system/system-digest.js';
import { compileParsed } from '../core/document/compile.js';
import type { CompileEnvironment } from '../core/document/compile.js';
import type { ParsedDocuments } from '../core/document/documents.js';
import type { RuleSet } from '../core/document/plans.js';
import type { Checked } from '../core/model/diagnostic.js';
import { CommandError, exitCodes, formatDiagnostic, say } from './terminal.js';

export const expressions = createJsonataCompiler();

export function compileEnvironment(dataDirectory: string, alertPrefix = 'weir.alerts'): CompileEnvironment {
  return { expressions, digest: systemDigest, schemaCheck: compileSchema, alertPrefix, dataDirectory, revision: 1 };
}

export interface LoadedDocuments {
  readonly parsed: ParsedDocuments;
  readonly compiled: Checked<RuleSet>;
}

/** Reads every document below the paths. Throws `CommandError` for a path that is not there. */
export async function loadDocuments(paths: readonly string[], dataDirectory: string): Promise<LoadedDocuments> {
  for (const path of paths) {
    if (!existsSync(path)) throw new CommandError(`There is no file or directory \`${path}\`.`, exitCodes.invalid);
  }
  const feed = createDocumentFiles({ directories: paths, parse: parseDocuments });
  const parsed = await feed.read();
  return { parsed, compiled: compileParsed(parsed, compileEnvironment(dataDirectory)) };
}

/** The compiled set; prints every diagnostic and throws when there is none. */
export function requireRuleSet({ compiled }: LoadedDocuments): RuleSet {
  const diagnostics = compiled.ok ? compiled.warnings : compiled.diagnostics;
  for (const diagnostic of diagnostics) say(formatDiagnostic(diagnostic));
  if (!compiled.ok) {
    const errors = diagnostics.filter((one) => one.severity === 'error').length;
    throw new CommandError(`${errors} ${errors === 1 ? 'error' : 'errors'} in the documents.`, exitCodes.invalid);
  }
  return compiled.value;
}
