/**
 * Writes src/adapters/jsonata/generated/jsonata-sync.cjs: the pinned jsonata with async and await removed, so that the
 * core can call it synchronously, and with the repairs below. Every count is asserted: another version fails here,
 * loudly, and not in somebody's rule. Running it twice changes nothing. Reasons: docs/decisions/0002-jsonata-in-the-core.md.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '2.2.2';
const TOKENS = 153;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const library = join(root, 'node_modules', 'jsonata');
const target = join(root, 'src', 'adapters', 'jsonata', 'generated', 'jsonata-sync.cjs');

/** What is replaced besides the tokens: [why, text, replacement, occurrences]. */
const REPAIRS = [
  [
    "the bundle's own modules are not mistaken for files",
    'function(require,module,exports)',
    'function(part,module,exports)',
    6,
  ],
  ['(the same)', "require('./", "part('./", 9],
  ['a payload cannot pose as a function: the marks are symbols', 'arg._jsonata_function', 'arg[FUNCTION_MARK]', 1],
  ['(the same)', 'arg._jsonata_lambda', 'arg[LAMBDA_MARK]', 2],
  ['(the same)', 'proc._jsonata_function', 'proc[FUNCTION_MARK]', 2],
  ['(the same)', '_jsonata_lambda: true', '[LAMBDA_MARK]: true', 2],
  ['(the same)', '_jsonata_function: true', '[FUNCTION_MARK]: true', 1],
  [
    'an array of the input is not marked',
    'resultSequence.keepSingleton = true;',
    'if(isSequence(resultSequence)) resultSequence.keepSingleton = true;',
    1,
  ],
  ['an empty array of the input stays empty', 'input.push(undefined);', 'input = focus.createSequence(undefined);', 1],
  ['an object of the input is not marked', "if(typeof proc === 'object') {", 'if(isFunction(proc)) {', 1],
  [
    'the clock is given',
    'timestamp = new Date();\n                exec_env',
    'timestamp = new Date(options.now());\n                exec_env',
    1,
  ],
  ['the clock is given', 'var timestamp = new Date();', 'var timestamp = new Date(0);', 1],
  [
    'ISO text without a zone is UTC, on any machine',
    'return Date.parse(timestamp);',
    "return Date.parse(/T/.test(timestamp) && !/(Z|[+-]\\d\\d:?\\d\\d)$/.test(timestamp) ? timestamp + 'Z' : timestamp);",
    1,
  ],
  [
    'sizes are checked by onExit, not by a closure per sequence',
    'if (options && options.sequence) {',
    'if (false) {',
    1,
  ],
  [
    'padding is bounded before it is allocated',
    'var padLength = Math.abs(width) - length(str);',
    'var padLength = Math.abs(width) - length(str);\n        if (padLength > PAD_LENGTH_MAX) throw {code: "D2015", value: padLength};',
    1,
  ],
  [
    'hooks are options, not looked up in every frame',
    "environment.lookup(Symbol.for('jsonata.__evaluate_entry'))",
    'environment.base.options.onEntry',
    1,
  ],
  ['(the same)', "environment.lookup(Symbol.for('jsonata.__evaluate_exit'))", 'environment.base.options.onExit', 1],
  [
    'what a function gives is counted, also where a tail call hides it from onExit',
    'result = proc.implementation.apply(focus, validatedArgs);',
    'result = proc.implementation.apply(focus, validatedArgs);\n                focus.options.onResult(result);',
    1,
  ],
  [
    '(the same)',
    'var result = proc.apply(focus, args);',
    'var result = proc.apply(focus, args);\n        env.base.options.onResult(result);',
    1,
  ],
];

/** Merging recursively per element overflows the stack once nothing awaits in between: the same merge as a loop. */
const RECURSIVE_MERGE =
  /var merge_iter = function \(result, left, right\) \{[\s\S]*?var merged = \[\];\s*merge_iter\(merged, l, r\);/g;
const LOOPING_MERGE = `var merged = [];
            var i = 0;
            var j = 0;
            while (i < l.length && j < r.length) {
                merged.push(comp(l[i], r[j]) ? r[j++] : l[i++]);
            }
            while (i < l.length) merged.push(l[i++]);
            while (j < r.length) merged.push(r[j++]);`;

function fail(message) {
  throw new Error(`generate-jsonata-sync: ${message}. Check the new jsonata by hand, then change this script.`);
}

function removeAsync(source) {
  let removed = 0;
  const drop = () => {
    removed += 1;
    return '';
  };
  const text = source
    .replace(/\basync (?=function\b|\()/g, drop)
    .replace(/\bawait (?=\S)/g, drop)
    .replace(/\bPromise\.all(?=\()/g, drop);
  if (removed !== TOKENS) fail(`expected ${TOKENS} async tokens, found ${removed}`);
  return text;
}

function repair(source) {
  let text = source;
  for (const [why, from, to, occurrences] of REPAIRS) {
    const parts = text.split(from);
    if (parts.length - 1 !== occurrences)
      fail(`"${from}" (${why}): expected ${occurrences}, found ${parts.length - 1}`);
    text = parts.join(to);
  }
  const merges = text.match(RECURSIVE_MERGE)?.length ?? 0;
  if (merges !== 1) fail(`expected 1 recursive merge, found ${merges}`);
  return text.replace(RECURSIVE_MERGE, () => LOOPING_MERGE);
}

function header() {
  const licence = readFileSync(join(library, 'LICENSE'), 'utf8').trim();
  return `/*
Generated by scripts/generate-jsonata-sync.mjs from jsonata ${VERSION}: do not edit.

${licence}
*/
const FUNCTION_MARK = Symbol('function');
const LAMBDA_MARK = Symbol('lambda');
const PAD_LENGTH_MAX = 1000000;
`;
}

function generate() {
  const { version } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
  if (version !== VERSION) fail(`expected jsonata ${VERSION}, found ${version}`);
  const text = header() + repair(removeAsync(readFileSync(join(library, 'jsonata.js'), 'utf8')));
  if (existsSync(target) && readFileSync(target, 'utf8') === text) return;
  mkdirSync(dirname(target), { recursive: true });
  const part = `${target}.${process.pid}`;
  writeFileSync(part, text);
  renameSync(part, target);
}

generate();
