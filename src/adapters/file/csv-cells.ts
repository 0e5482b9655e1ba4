import type { SourceDocument } from '../../core/document/documents.js';
import { SourceError } from '../../ports/source.js';

type FileDocument = NonNullable<SourceDocument['file']>;
export type ColumnTypes = NonNullable<FileDocument['columns']>;
export type ColumnType = ColumnTypes[string];

/** A cell's value, or undefined when it is not of the type. Never called with an empty cell. */
type CellReader = (cell: string) => unknown;

const decimal = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

function readNumber(cell: string): number | undefined {
  if (!decimal.test(cell)) return undefined;
  const value = Number(cell);
  return Number.isFinite(value) ? value : undefined;
}

function readBoolean(cell: string): boolean | undefined {
  const word = cell.trim().toLowerCase();
  if (word === 'true' || word === '1') return true;
  return word === 'false' || word === '0' ? false : undefined;
}

function readJson(cell: string): unknown {
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return undefined;
  }
}

const readers: Readonly<Record<ColumnType, CellReader>> = {
  number: readNumber,
  boolean: readBoolean,
  json: readJson,
  string: (cell) => cell,
};

export interface CsvColumn {
  readonly name: string;
  readonly type: ColumnType | undefined;
  /** Undefined for an untyped column: its cells are text, empty ones included. */
  readonly read: CellReader | undefined;
}

function refuse(path: string, message: string, fields: Readonly<Record<string, unknown>>): SourceError {
  return new SourceError('file-header', `${path}: ${message}`, { path, ...fields });
}

/** Joins the header with the declared types. Refuses a header that would lose cells and a type without a column. */
export function planColumns(path: string, header: readonly string[], types: ColumnTypes): readonly CsvColumn[] {
  const seen = new Set<string>();
  for (const name of header) {
    if (seen.has(name))
      throw refuse(path, `the header names column ${JSON.stringify(name)} twice; give each column its own name.`, {
        column: name,
      });
    if (name === '__proto__')
      throw refuse(path, 'the header names a column "__proto__", which cannot be a property; rename it.', {
        column: name,
      });
    seen.add(name);
  }
  const missing = Object.keys(types).filter((name) => !seen.has(name));
  if (missing.length > 0) {
    const list = header.map((name) => JSON.stringify(name)).join(', ');
    throw refuse(
      path,
      `file.columns gives a type to ${missing.map((name) => JSON.stringify(name)).join(', ')}, but the header has only ${list}.`,
      { missing, header },
    );
  }
  return header.map((name) => {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    return { name, type, read: type === undefined ? undefined : readers[type] };
  });
}

/** One row as an object, and what was wrong with it. A cell that is not of its type stays text. */
export function readRow(
  columns: readonly CsvColumn[],
  row: readonly string[],
): { readonly value: Record<string, unknown>; readonly problem: string | undefined } {
  const value: Record<string, unknown> = {};
  let problem: string | undefined;
  if (row.length !== columns.length) problem = `the row has ${row.length} cells, the header has ${columns.length}`;
  const cells = Math.min(row.length, columns.length);
  for (let index = 0; index < cells; index += 1) {
    const column = columns[index] as CsvColumn;
    const cell = row[index] as string;
    if (column.read === undefined) {
      value[column.name] = cell;
      continue;
    }
    if (cell === '') continue;
    const read = column.read(cell);
    value[column.name] = read === undefined ? cell : read;
    if (read === undefined)
      problem ??= `column ${JSON.stringify(column.name)} is not a ${column.type}: ${JSON.stringify(cell.slice(0, 100))}`;
  }
  return { value, problem };
}
