import { readFile, stat } from 'node:fs/promises';
import type { BrokenDocument, DocumentParser, ParsedDocuments, PlacedDocument } from '../../core/document/documents.js';
import { limits } from '../../core/limits.js';
import type { Diagnostic } from '../../core/model/diagnostic.js';
import { findFiles, isMissing, reasonOf } from './find-files.js';

function unreadable(file: string, reason: string): Diagnostic {
  const message = `${file} cannot be read (${reason}): check that it is there and that its owner lets it be read.`;
  return { code: 'unreadable-file', message, pointer: '', file, severity: 'error' };
}

function tooLarge(file: string, bytes: number): Diagnostic {
  const message = `The file has ${bytes} bytes, more than ${limits.documentBytesMax}: split it over several files.`;
  return { code: 'too-large', message, pointer: '', file, line: 1, column: 1, severity: 'error' };
}

/** The text of a file; undefined when it is gone by now. */
async function readText(file: string): Promise<string | Diagnostic | undefined> {
  try {
    const { size } = await stat(file);
    if (size > limits.documentBytesMax) return tooLarge(file, size);
    return await readFile(file, 'utf8');
  } catch (error) {
    return isMissing(error) ? undefined : unreadable(file, reasonOf(error));
  }
}

/** Reads the documents of every file below the directories; one bad file does not hide what is wrong with others. */
export async function readFiles(directories: readonly string[], parse: DocumentParser): Promise<ParsedDocuments> {
  const found = await findFiles(directories);
  const readable: PlacedDocument[] = [];
  const broken: BrokenDocument[] = [];
  const warnings: Diagnostic[] = [];
  const diagnostics = found.unreadable.map(({ path, reason }) => unreadable(path, reason));
  for (const file of found.files) {
    const text = await readText(file);
    if (text === undefined) continue;
    if (typeof text !== 'string') {
      diagnostics.push(text);
      continue;
    }
    const parsed = parse(text, { file, origin: 'file' });
    readable.push(...(parsed.ok ? parsed.value : parsed.readable));
    if (parsed.ok) warnings.push(...parsed.warnings);
    else {
      diagnostics.push(...parsed.diagnostics);
      broken.push(...parsed.broken);
    }
  }
  if (diagnostics.length > 0) return { ok: false, diagnostics: [...diagnostics, ...warnings], readable, broken };
  return { ok: true, value: readable, warnings };
}
