import { CsvError, Parser } from 'csv-parse';
import { SourceError, type SourceMessage } from '../../ports/source.js';
import { planColumns, readRow, type ColumnTypes, type CsvColumn } from './csv-cells.js';
import { fileMessage, type FramerOptions, type RecordFramer } from './record-framer.js';

const newline = 0x0a;

/** The library's streaming parser, its rows taken where it would queue them one by one. */
class RowParser extends Parser {
  #rows: string[][] = [];
  #failure: Error | undefined;

  constructor(bom: boolean) {
    super({
      bom,
      // A quote inside an unquoted cell is text, as spreadsheets read it: otherwise one inch sign would cost the rows up to the next quote.
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n'],
    });
    // Each failure is also given to the callback of the call that met it; without a listener it would end the process.
    this.on('error', () => undefined);
  }

  override push(row: unknown): boolean {
    if (row === null) return super.push(null);
    this.#rows.push(row as string[]);
    return true;
  }

  /** Parses more bytes, or the end, and gives the rows completed by them. */
  async parse(bytes: Buffer | undefined): Promise<readonly string[][]> {
    await new Promise<void>((resolve) => {
      const done = (error?: Error | null): void => {
        this.#failure ??= error ?? undefined;
        resolve();
      };
      if (bytes === undefined) this.end(done);
      else this.write(bytes, done);
    });
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }
}

/**
 * CSV with a header line, after RFC 4180: quotes, line breaks inside quotes, CRLF, a byte order mark. `seq` is the
 * number of the row after the header; empty lines are not rows. A row is handed over as `value`.
 */
export class CsvFramer implements RecordFramer {
  readonly #path: string;
  readonly #types: ColumnTypes;
  readonly #options: FramerOptions;
  #parser = new RowParser(true);
  #columns: readonly CsvColumn[] | undefined;
  #rowNumber = 0;
  /** Bytes fed since the last chunk that completed a row. */
  #openBytes = 0;
  /** After an oversized row: skip to the next line. */
  #skipping = false;

  constructor(path: string, types: ColumnTypes, options: FramerOptions) {
    this.#path = path;
    this.#types = types;
    this.#options = options;
  }

  async feed(bytes: Buffer, into: SourceMessage[]): Promise<void> {
    let rest = bytes;
    if (this.#skipping) {
      const end = bytes.indexOf(newline);
      if (end === -1) return;
      this.#skipping = false;
      rest = bytes.subarray(end + 1);
    }
    if (rest.length === 0) return;
    const rows = await this.#parser.parse(rest);
    if (this.#parser.failure !== undefined) throw this.#damaged(this.#parser.failure);
    this.#takeRows(rows, into);
    if (rows.length > 0) this.#openBytes = 0;
    else this.#openBytes += rest.length;
    if (this.#openBytes > this.#options.recordBytesMax) this.#giveUpRow(into);
  }

  async finish(into: SourceMessage[]): Promise<void> {
    this.#takeRows(await this.#parser.parse(undefined), into);
    const { failure } = this.#parser;
    if (failure === undefined) return;
    if (!(failure instanceof CsvError) || failure.code !== 'CSV_QUOTE_NOT_CLOSED') throw this.#damaged(failure);
    this.#emitProblem('a quoted cell is not closed before the end of the file', into);
  }

  #damaged(cause: Error): SourceError {
    return new SourceError(
      'file-damaged',
      `${this.#path} cannot be read as CSV after row ${this.#rowNumber}: ${cause.message}`,
      { path: this.#path, row: this.#rowNumber },
      { cause },
    );
  }

  #takeRows(rows: readonly string[][], into: SourceMessage[]): void {
    for (const row of rows) {
      if (this.#columns === undefined) this.#columns = planColumns(this.#path, row, this.#types);
      else this.#takeRow(this.#columns, row, into);
    }
  }

  #takeRow(columns: readonly CsvColumn[], row: readonly string[], into: SourceMessage[]): void {
    this.#rowNumber += 1;
    if (this.#rowNumber <= this.#options.afterSeq) return;
    const { value, problem } = readRow(columns, row);
    into.push(
      fileMessage(
        this.#rowNumber,
        undefined,
        value,
        problem === undefined ? undefined : `row ${this.#rowNumber}: ${problem}`,
      ),
    );
  }

  #giveUpRow(into: SourceMessage[]): void {
    this.#emitProblem(
      `more than ${this.#options.recordBytesMax} bytes without an end (recordBytesMax): a quote is likely not closed; reading goes on at the next line`,
      into,
    );
    this.#parser.destroy();
    this.#parser = new RowParser(false);
    this.#openBytes = 0;
    this.#skipping = true;
  }

  #emitProblem(problem: string, into: SourceMessage[]): void {
    this.#rowNumber += 1;
    if (this.#rowNumber <= this.#options.afterSeq) return;
    into.push(fileMessage(this.#rowNumber, '', undefined, `row ${this.#rowNumber}: ${problem}`));
  }
}
