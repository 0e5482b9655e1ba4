import type { Expression, ExpressionCompiler, ExpressionNames } from '../expression/expression.js';
import type { Diagnostic } from '../model/diagnostic.js';
import type { PlacedDocument } from './documents.js';

/** Something wrong at a pointer of one document; `offset` counts UTF-16 units into the text there. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly pointer: string;
  readonly offset?: number;
  readonly severity?: 'error' | 'warning';
}

/** A finding with its file, line and column. */
export function placeFinding(placed: PlacedDocument, finding: Finding): Diagnostic {
  const { code, message, pointer, offset, severity = 'error' } = finding;
  const { kind, name } = placed.document;
  return {
    code,
    message,
    pointer,
    ...(placed.file === undefined ? {} : { file: placed.file }),
    ...placed.locate(pointer, offset),
    severity,
    document: `${kind}/${name}`,
  };
}

/** Where a document stands, for sentences: `rules/a.yaml:12`, or who owns it. */
export function placeText(placed: PlacedDocument, pointer = ''): string {
  if (placed.file === undefined) return 'a document of the API';
  const position = placed.locate(pointer);
  return position === undefined ? placed.file : `${placed.file}:${position.line}`;
}

/** Collects what is wrong with one document, so that all of it is reported at once. */
export class Report {
  readonly diagnostics: Diagnostic[] = [];

  constructor(readonly placed: PlacedDocument) {}

  get failed(): boolean {
    return this.diagnostics.some(({ severity }) => severity === 'error');
  }

  add(finding: Finding): void {
    this.diagnostics.push(placeFinding(this.placed, finding));
  }

  error(code: string, pointer: string, message: string): void {
    this.add({ code, pointer, message });
  }

  warn(code: string, pointer: string, message: string): void {
    this.add({ code, pointer, message, severity: 'warning' });
  }
}

/** Names of an expression that sees the event alone. */
export const EVENT_NAMES: ExpressionNames = { stages: new Map(), params: false, key: false };

/** Compiles the expressions of one document and reports what is wrong with them, at the character. */
export class ExpressionReader {
  constructor(
    private readonly compiler: ExpressionCompiler,
    private readonly report: Report,
  ) {}

  /** Undefined when there is no source, and when it does not compile. */
  read(source: string | undefined, pointer: string, names: ExpressionNames = EVENT_NAMES): Expression | undefined {
    if (source === undefined) return undefined;
    const result = this.compiler.compile(source, names);
    if (result.ok) {
      for (const { code, message, position } of result.warnings ?? []) {
        this.report.add({ code, message, pointer, offset: position, severity: 'warning' });
      }
      return result.expression;
    }
    for (const { code, message, position } of result.problems) {
      this.report.add({ code, message, pointer, offset: position });
    }
    return undefined;
  }
}
