/** What an expression opens and does not close: brackets, quotes, comments, regular expressions. */

/** Something opened, and the offset of its first character. */
export interface Opened {
  readonly text: string;
  readonly offset: number;
}

const PAIRS: ReadonlyMap<string, string> = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
]);

const NONE: Opened = { text: '', offset: 0 };

/** A whole token that may hold brackets, from its first character on. */
const QUOTED = /"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|`[^`]*`|\/\*[^]*?\*\//y;
const REGEX = /\/(?:\\[^]|[^/\\])*\//y;
const WORD = /[\w$]+/y;

/** After one of these, and at the beginning, a slash begins a regular expression. */
const BEFORE_OPERAND = /(?:^|[([{,;:=<>!&|+\-*/%^?~@#.]|\b(?:and|or|in))$/;

/** True if the bracket closes what was opened. */
export function closes(bracket: string, { text }: Opened): boolean {
  return PAIRS.get(bracket) === text;
}

/** What is open before `end`, the innermost last. What is quoted and not closed comes last, for all behind it is part of it. */
export function openedBefore(source: string, end: number): readonly Opened[] {
  const opened: Opened[] = [];
  let before = '';
  for (let at = 0; at < end;) {
    const text = tokenAt(source, at, before);
    const isOpen = text.length === 1 && (/["'`]/.test(text) || (text === '/' && BEFORE_OPERAND.test(before)));
    if (isOpen || text === '/*') return [...opened, { text, offset: at }];
    if (/^[([{]$/.test(text)) opened.push({ text, offset: at });
    else if (closes(text, opened[opened.length - 1] ?? NONE)) opened.pop();
    if (text.trim() !== '' && !text.startsWith('/*')) before = text;
    at += text.length;
  }
  return opened;
}

/** A token that is whole, else one character; a comment that is not closed, its first two. */
function tokenAt(source: string, at: number, before: string): string {
  const token = BEFORE_OPERAND.test(before) ? [QUOTED, REGEX, WORD] : [QUOTED, WORD];
  for (const one of token) {
    one.lastIndex = at;
    const found = one.exec(source)?.[0];
    if (found !== undefined) return found;
  }
  return source.startsWith('/*', at) ? '/*' : source.charAt(at);
}
