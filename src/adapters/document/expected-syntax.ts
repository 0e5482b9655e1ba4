/** What YAML, or JSON, expected where it gave up, and where that was opened which it expected the end of. */
import { isMap, isScalar, isSeq, visit } from 'yaml';
import type { Document, ErrorCode, Node, ParsedNode } from 'yaml';
import type { SourceText } from './source-text.js';

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly offset: number;
}

type Yaml = Document.Parsed<ParsedNode>;

const EXPECTED: Partial<Record<ErrorCode, string>> = {
  MULTILINE_IMPLICIT_KEY: 'a `:` and a value after the name of a field, on the same line',
  TAB_AS_INDENT: 'spaces: a tab does not indent',
  BLOCK_AS_IMPLICIT_KEY: 'a line that is indented as its neighbours are, or a value that is quoted',
  UNEXPECTED_TOKEN: 'the end of the value',
};

/** A sentence, if it is known. */
export function expectedAt(refusal: Refusal, yaml: Yaml, source: SourceText): string | undefined {
  const { code, message } = refusal;
  if (/^Missing closing /.test(message)) return notClosed(refusal, { yaml, source }, isQuoted);
  if (/^Flow (?:map|sequence) .*end with/.test(message)) return notClosed(refusal, { yaml, source }, isFlow);
  if (code === 'BLOCK_IN_FLOW') return missingComma(refusal, { yaml, source });
  if (/^Implicit (?:map )?keys need to be/.test(message))
    return `Expected ${EXPECTED['MULTILINE_IMPLICIT_KEY'] ?? ''}.`;
  const expected = EXPECTED[code];
  return expected === undefined ? undefined : `Expected ${expected}.`;
}

interface Place {
  readonly yaml: Yaml;
  readonly source: SourceText;
}

function isQuoted(node: Node): boolean {
  return isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE');
}

function isFlow(node: Node): boolean {
  return (isMap(node) || isSeq(node)) && node.flow === true;
}

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']', '"': '"', "'": "'" };

/** Where such nodes begin that were opened before the offset and reach it, the innermost last. */
function around(
  offset: number,
  { yaml, fits }: { readonly yaml: Yaml; readonly fits: (node: Node) => boolean },
): number[] {
  const found: number[] = [];
  visit(yaml, {
    Node(_, node) {
      const [begin, end] = node.range ?? [Infinity, 0];
      if (begin < offset && end >= offset && fits(node)) found.push(begin);
    },
  });
  return found.sort((a, b) => a - b);
}

function notClosed({ offset }: Refusal, { yaml, source }: Place, fits: (node: Node) => boolean): string | undefined {
  const { text } = source;
  const found = around(offset, { yaml, fits });
  const innermost = found.at(-1);
  // What ends right before is closed, and stands in what is not.
  const isClosed = innermost !== undefined && fits === isFlow && text.charAt(offset - 1) === closingOf(text, innermost);
  const opened = isClosed ? found.at(-2) : innermost;
  if (opened === undefined) return undefined;
  const { line, column } = source.positionAt(opened);
  const sign = text.charAt(opened);
  return `Expected \`${closingOf(text, opened)}\`: the \`${sign}\` of line ${line}, column ${column} is not closed.`;
}

function closingOf(text: string, opened: number): string {
  const sign = text.charAt(opened);
  return CLOSING[sign] ?? sign;
}

function missingComma({ offset }: Refusal, { yaml, source }: Place): string | undefined {
  const opened = around(offset, { yaml, fits: isFlow }).at(-1);
  if (opened === undefined) return undefined;
  return `Expected \`,\` or \`${closingOf(source.text, opened)}\` after this value.`;
}
