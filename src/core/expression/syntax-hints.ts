/** Turns the library's refusal of a source into a diagnostic that helps to mend it. */
import type { ExpressionProblem } from './expression.js';
import type { LibraryRefusal } from './library.js';
import { closes, openedBefore } from './open-place.js';

/** Writing of other languages, and what to write instead. Looked for outside of quoted text, the first found is told. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/===?/, 'equality is a single =: write a = b'],
  [/!==/, 'inequality is !=: write a != b'],
  [/<>/, 'inequality is !=: write a != b'],
  [/&&/, 'write `and` instead of &&'],
  [/\|\|/, 'write `or` instead of ||'],
  [/!(?!=)/, 'write $not(x) instead of !x'],
  [/\bnot\b/i, 'write $not(x)'],
  [/\b(?:AND|OR|IN|And|Or)\b/, '`and`, `or` and `in` are written in lower case'],
  [/=>/, 'a function is written function($x) { … }'],
  [/\bis\b/i, 'compare with =: a = null, or $exists(a)'],
  [/\blike\b/i, 'write $contains(a, "text") or $contains(a, /pattern/)'],
  [/\bbetween\b/i, 'write a >= 1 and a <= 9'],
  [/\.\s*\d/, 'an item of an array is a[0], not a.0'],
  [/;/, 'several expressions in a row stand in parentheses: (a; b)'],
];

/** By the library's code: how to mend what is missing at the end. */
const AT_END: ReadonlyMap<string, string> = new Map([['S0207', 'something is missing at the end']]);

/** By the library's code: how to mend what is opened and not closed. */
const UNCLOSED: ReadonlyMap<string, string> = new Map([
  ['S0101', 'close the quote; a quote inside of a text is written \\" or \\\''],
  ['S0105', 'close the backquote'],
  ['S0106', 'close the comment with */'],
  ['S0203', 'close what was opened'],
  ['S0302', 'close the regular expression with /, and every bracket in it'],
]);

/** Library's codes for a token that cannot stand where it stands. */
const WRONG_TOKEN: ReadonlySet<string> = new Set(['S0201', 'S0202', 'S0211']);

/** Blanks quoted text and names, so that hints look at operators only; offsets stay. */
function withoutQuoted(source: string): string {
  return source.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/g, (text) => ' '.repeat(text.length));
}

function hintFor(refusal: LibraryRefusal, source: string): string | undefined {
  const bare = withoutQuoted(source);
  return AT_END.get(refusal.code) ?? HINTS.find(([pattern]) => pattern.test(bare))?.[1];
}

/** The library's position is behind the token; a reader wants its first character. */
function tokenStart(refusal: LibraryRefusal, source: string): number {
  const end = Math.min(Math.max(refusal.position, 0), source.length);
  const token = refusal.token ?? '';
  const start = end - token.length;
  return token !== '' && start >= 0 && source.slice(start, end) === token ? start : end;
}

/** The place of a character: counted from 1, by lines where there are several. */
function placeOf(source: string, offset: number): string {
  if (!source.trimEnd().includes('\n')) return `character ${offset + 1}`;
  const lines = source.slice(0, offset).split('\n');
  return `line ${lines.length}, character ${(lines[lines.length - 1] as string).length + 1}`;
}

/** What the source opens and does not close, told where it is opened. */
function unclosedProblem({ code, message }: LibraryRefusal, source: string): ExpressionProblem | undefined {
  const mend = UNCLOSED.get(code);
  const opened = openedBefore(source, source.length).at(-1);
  if (mend === undefined) return undefined;
  if (opened === undefined)
    return { code: 'expression-syntax', message: `${message}: ${mend}.`, position: source.length };
  const { text, offset } = opened;
  const told = `${message}: ${text} is opened here, at ${placeOf(source, offset)}, and not closed: ${mend}.`;
  return { code: 'expression-syntax', message: told, position: offset };
}

function isBracket(source: string, position: number): boolean {
  return /[)\]}]/.test(source.charAt(position));
}

/** What stands where something else had to: a bracket that closes nothing, or not what was opened last; a value behind a value. */
function wrongTokenHint(code: string, source: string, position: number): string | undefined {
  const bracket = source.charAt(position);
  const opened = openedBefore(source, position).at(-1);
  const place = opened && `${opened.text}, opened at ${placeOf(source, opened.offset)},`;
  if (!isBracket(source, position)) {
    return code === 'S0202' && place !== undefined
      ? `an operator is missing before it, or ${place} is not closed`
      : undefined;
  }
  if (opened === undefined) return 'nothing is open that it could close: remove it, or open before it what it closes';
  return closes(bracket, opened) ? 'something is missing before it' : `close ${place} first`;
}

/** The diagnostic of a source that does not parse. */
export function syntaxProblem(refusal: LibraryRefusal, source: string): ExpressionProblem {
  const unclosed = unclosedProblem(refusal, source);
  if (unclosed !== undefined) return unclosed;
  const position = tokenStart(refusal, source);
  const wrong = WRONG_TOKEN.has(refusal.code) ? wrongTokenHint(refusal.code, source, position) : undefined;
  const foreign = hintFor(refusal, source);
  const hint = isBracket(source, position) ? (wrong ?? foreign) : (foreign ?? wrong);
  const message = hint === undefined ? `${refusal.message}.` : `${refusal.message}: ${hint}.`;
  return { code: 'expression-syntax', message, position };
}
