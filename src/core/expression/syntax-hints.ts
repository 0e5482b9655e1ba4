/** Turns the library's refusal of a source into a diagnostic that helps to mend it. */
import type { ExpressionProblem } from './expression.js';
import type { LibraryRefusal } from './library.js';

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

const BY_CODE: ReadonlyMap<string, string> = new Map([
  ['S0101', 'close the quote; a quote inside of a text is written \\" or \\\''],
  ['S0105', 'close the backquote'],
  ['S0203', 'close what was opened'],
  ['S0207', 'something is missing at the end'],
  ['S0302', 'close the regular expression with /'],
]);

/** Blanks quoted text and names, so that hints look at operators only; offsets stay. */
function withoutQuoted(source: string): string {
  return source.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/g, (text) => ' '.repeat(text.length));
}

function hintFor(refusal: LibraryRefusal, source: string): string | undefined {
  const bare = withoutQuoted(source);
  return BY_CODE.get(refusal.code) ?? HINTS.find(([pattern]) => pattern.test(bare))?.[1];
}

/** The library's position is behind the token; a reader wants its first character. */
function tokenStart(refusal: LibraryRefusal, source: string): number {
  const end = Math.min(Math.max(refusal.position, 0), source.length);
  const token = refusal.token ?? '';
  const start = end - token.length;
  return token !== '' && start >= 0 && source.slice(start, end) === token ? start : end;
}

/** The diagnostic of a source that does not parse. */
export function syntaxProblem(refusal: LibraryRefusal, source: string): ExpressionProblem {
  const hint = hintFor(refusal, source);
  const message = hint === undefined ? `${refusal.message}.` : `${refusal.message}: ${hint}.`;
  return { code: 'expression-syntax', message, position: tokenStart(refusal, source) };
}
