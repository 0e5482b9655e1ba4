import { readFile } from 'node:fs/promises';
import type { BrokenDocument, DocumentParser, ParsedDocuments, PlacedDocument } from '../../core/document/documents.js';
import { limits } from '../../core/limits.js';
import type { Diagnostic } from '../../core/model/diagnostic.js';
import type { FoundFile, FoundFiles } from './find-files.js';
import { isMissing, reasonOf } from './find-files.js';

function unreadable(file: string, reason: string): Diagnostic {
  const message = `${file} cannot be read (${reason}): check that it is there and that its owner lets it be read.`;
  return { code: 'unreadable-file', message, pointer: '', file, severity: 'error' };
}

function tooLarge(file: string, bytes: number): Diagnostic {
  const message = `The file has ${bytes} bytes, more than ${limits.documentBytesMax}: split it over several files.`;
  return { code: 'too-large', message, pointer: '', file, line: 1, column: 1, severity: 'error' };
}

/** The text of a file; undefined when it is gone by now. */
async function readText({ path, bytes }: FoundFile): Promise<string | Diagnostic | undefined> {
  if (bytes > limits.documentBytesMax) return tooLarge(path, bytes);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    return isMissing(error) ? undefined : unreadable(path, reasonOf(error));
  }
}

/** Reads the documents of every file; one bad file does not hide what is wrong with others. */
export async function readFiles(found: FoundFiles, parse: DocumentParser): Promise<ParsedDocuments> {
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
    const parsed = parse(text, { file: file.path, origin: 'file' });
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
