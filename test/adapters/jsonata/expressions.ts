/** Random expressions and inputs for the differential tests: as text, so that the whole way from the source is tested. */
import fc from 'fast-check';

const COMMON_NAMES = ['a', 'b', 'c', 'd'];
const NAMES = ['items', 'missing', 'length', 'constructor', '__proto__', '`a b`', 'sequence'];
const ANY_NAME = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...COMMON_NAMES) },
  { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
);

const SCALARS = fc.oneof(
  fc.constantFrom<unknown>(0, 1, 2, 3, -1, 1.5, 2.5, -0.5, 1e21, 123456.789, 0.1),
  fc.constantFrom<unknown>('', 'a', 'b', 'abc', '10', ' x  y ', 'ä😀', '1e3', '0x1F', 'true'),
  fc.constantFrom<unknown>(true, false, null),
);

/** JSON data of a few shapes under few names, so that expressions often find something, of often the wrong type. */
export const inputs: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: SCALARS },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
    { weight: 2, arbitrary: tie('object') },
  ),
  object: fc
    .uniqueArray(
      fc.tuple(
        ANY_NAME.map((name) => name.replaceAll('`', '')),
        tie('value'),
      ),
      {
        maxLength: 6,
        selector: ([name]) => name,
      },
    )
    .map((entries) => JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`)),
})).object;

const LITERALS = fc.constantFrom('0', '1', '2', '-1', '1.5', "''", "'a'", "'abc'", "'10'", 'true', 'false', 'null');

const TEXT_FUNCTIONS = ['length', 'lowercase', 'uppercase', 'trim'];
const NUMBER_FUNCTIONS = ['sum', 'max', 'min', 'average', 'abs', 'floor', 'ceil', 'round', 'sqrt'];
const FUNCTIONS = ['count', 'string', 'number', 'boolean', 'not', 'exists', 'type', 'distinct', 'reverse'];
const TEXT_PAIRS = ['contains', 'split', 'substringBefore', 'substringAfter'];
const NUMBER_PAIRS = ['power', 'round'];
const PAIRS = ['join', 'append', 'lookup', 'substring', ...TEXT_PAIRS, ...NUMBER_PAIRS];

/** A call whose arguments are of the right type, or of any. */
function call(name: string, args: readonly string[], fitting: boolean): string {
  const cast = TEXT_FUNCTIONS.includes(name) || TEXT_PAIRS.includes(name) ? '$string' : '$count';
  const plain = !fitting || FUNCTIONS.includes(name) || ['join', 'append', 'lookup', 'substring'].includes(name);
  return `$${name}(${args.map((arg) => (plain ? arg : `${cast}(${arg})`)).join(', ')})`;
}
const APPLIED = [
  '$string',
  '$sum',
  '$count()',
  '$length',
  '$contains',
  "$contains('a')",
  '$append(a)',
  '$string[0]',
  '$toMillis',
];
const TIMES = [
  '2026-05-04',
  '2026-05',
  '2026-05-04T10:30:00',
  '2026-05-04T10:30:00.5',
  '2026-05-04T10:30:00+0200',
  '2026-13-40',
  'x',
];
const OPERATORS = ['=', '!=', '=', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '&', 'and', 'or', 'in'];

/** An alias, not an interface: fast-check wants an index signature. */
type Grammar = { expr: string; step: string; suffix: string; path: string };

/** Expressions over `$s` and `$t` (stages), `$params`, `$key` and the fields of `inputs`; all within the subset. */
export const expressions: fc.Arbitrary<string> = fc.letrec<Grammar>((tie) => ({
  suffix: fc.oneof(
    { depthSize: 'small' },
    { weight: 8, arbitrary: fc.constant('') },
    { weight: 2, arbitrary: fc.constantFrom('[0]', '[1]', '[-1]', '[]', '[0.5]') },
    { weight: 2, arbitrary: tie('expr').map((expr) => `[${expr}]`) },
  ),
  step: fc.oneof(
    { depthSize: 'small' },
    { weight: 10, arbitrary: ANY_NAME },
    { weight: 1, arbitrary: fc.constant('$') },
    { weight: 1, arbitrary: fc.constantFrom('$string()', '$uppercase()', '$length()', '$sum()', "$contains('a')") },
    { weight: 1, arbitrary: tie('expr').map((expr) => `(${expr})`) },
    { weight: 1, arbitrary: fc.array(tie('expr'), { maxLength: 2 }).map((list) => `[${list.join(', ')}]`) },
  ),
  path: fc
    .tuple(
      fc.constantFrom('', '', '', '$.', '$$.', '$s.', '$t.', '$s[0].', '$t[-1].', '$params.', '$headers.'),
      fc.array(fc.tuple(tie('step'), tie('suffix')), { minLength: 1, maxLength: 3 }),
    )
    .map(([root, steps]) => root + steps.map(([step, suffix]) => step + suffix).join('.')),
  expr: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: LITERALS },
    { weight: 10, arbitrary: tie('path') },
    { weight: 1, arbitrary: fc.constantFrom('$', '$$', '$s', '$t', '$key', '$params', '$eventType', '$eventTime') },
    {
      weight: 8,
      arbitrary: fc
        .tuple(tie('expr'), fc.constantFrom(...OPERATORS), tie('expr'))
        .map(([left, operator, right]) => `(${operator === '/' ? `(${left})` : left} ${operator} ${right})`),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...FUNCTIONS, ...TEXT_FUNCTIONS, ...NUMBER_FUNCTIONS), tie('expr'), fc.nat(3))
        .map(([name, arg, fit]) => call(name, [arg], fit > 0)),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...PAIRS), tie('expr'), tie('expr'), fc.nat(3))
        .map(([name, first, second, fit]) => call(name, [first, second], fit > 0)),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie('expr'), fc.integer({ min: -3, max: 3 }), fc.integer({ min: -1, max: 3 }))
        .map(([text, start, length]) => `$substring($string(${text}), ${start}, ${length})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('substring', 'split', 'contains'), fc.array(tie('expr'), { maxLength: 4 }))
        .map(([name, args]) => `$${name}(${args.join(', ')})`),
    },
    { weight: 1, arbitrary: tie('expr').map((expr) => `$contains(${expr}, /^a|[0-9]+/i)`) },
    {
      weight: 1,
      arbitrary: fc.tuple(tie('expr'), tie('expr'), tie('expr')).map(([c, t, e]) => `(${c} ? ${t} : ${e})`),
    },
    { weight: 1, arbitrary: fc.tuple(tie('expr'), tie('expr')).map(([c, t]) => `(${c} ? ${t})`) },
    { weight: 1, arbitrary: fc.tuple(tie('expr'), tie('expr')).map(([a, b]) => `(${a} ?? ${b})`) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom('$s', '$t', '$', '$$', '$distinct($s.a)', '$append(a, b)', '$reverse(c)'),
          tie('suffix'),
          tie('suffix'),
        )
        .map((parts) => parts.join('')),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(tie('expr'), fc.constantFrom(...APPLIED), tie('suffix'))
        .map(([expr, applied, suffix]) => `((${expr}) ~> ${applied})${suffix}`),
    },
    { weight: 1, arbitrary: fc.constantFrom(...TIMES).map((text) => `$toMillis('${text}')`) },
    { weight: 1, arbitrary: tie('expr').map((expr) => `-(${expr})`) },
    { weight: 1, arbitrary: fc.tuple(tie('expr'), tie('suffix')).map(([expr, suffix]) => `(${expr})${suffix}`) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.array(tie('expr'), { maxLength: 3 }), tie('suffix'))
        .map(([list, suffix]) => `[${list.join(', ')}]${suffix}`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(tie('expr'), tie('expr')).map(([from, to]) => `[$count(${from})..$count(${to})]`),
    },
    { weight: 1, arbitrary: fc.tuple(LITERALS, tie('expr')).map(([from, to]) => `[${from}..${to}]`) },
  ),
})).expr;
