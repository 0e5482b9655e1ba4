/**
 * The form of a source: its text with a mark in place of every literal. Rules in number are written from templates, so that
 * thousands of sources have one form and differ in their literals alone. The parser looks at the kind of a literal, never at its
 * value: sources of one form have the same syntax tree but for the values (test/adapters/jsonata/shared-forms.test.ts).
 *
 * Invariant: form and literals together determine the tokens of the source. A quote in a form is a mark, for no other stands in it
 * but inside of a name, where none begins a token.
 */
export interface SourceLiteral {
  readonly value: string | number;
  /** Offset behind it in the source: what the parser gives as its position. */
  readonly end: number;
}

export interface SourceForm {
  readonly text: string;
  readonly literals: readonly SourceLiteral[];
}

/**
 * One token, as the library's lexer cuts them: text without escapes, a number, an operator, blanks, or a name (which may hold anything
 * else). What may hold a regular expression, a comment, an escape or a quoted name has no form.
 */
const TOKEN =
  /"([^"\\]*)"|'([^'\\]*)'|((?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?)|[-.[\](),:;?+*%=<>!&@#^ \t\n\r\v]|[^-.[\](),:;?+*%=<>!&@#^{}|~/`\\ \t\n\r\v"'0-9][^-.[\](),:;?+*%=<>!&@#^{}|~/`\\ \t\n\r\v]*/y;

/** A token of its own. */
const BLANK = /^[ \t\n\r\v]$/;

const TEXT_MARK = '"';
const NUMBER_MARK = "'";

/** The source with every run of blanks between tokens as one, which means the same; as it is, where it has no form. */
export function squeezeBlanks(source: string): string {
  let text = '';
  for (let at = 0; at < source.length;) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(source)?.[0];
    if (token === undefined) return source;
    if (!BLANK.test(token)) text += token;
    else if (!text.endsWith(' ')) text += ' ';
    at += token.length;
  }
  return text.trim();
}

/** Undefined where the source has no literal, or something that has no form. */
export function formOf(source: string): SourceForm | undefined {
  const literals: SourceLiteral[] = [];
  let text = '';
  let copied = 0;
  for (let at = 0; at < source.length;) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(source);
    if (token === null) return undefined;
    const end = TOKEN.lastIndex;
    const [, quoted, apostrophed, number] = token;
    const value = number === undefined ? (quoted ?? apostrophed) : Number(number);
    if (value === Infinity) return undefined;
    if (value !== undefined) {
      text += source.slice(copied, at) + (number === undefined ? TEXT_MARK : NUMBER_MARK);
      literals.push({ value, end });
      copied = end;
    }
    at = end;
  }
  return literals.length === 0 ? undefined : { text: text + source.slice(copied), literals };
}
