/** Predicates per second of one process, one line per expression: the closures' speed on sixteen rotating events. */
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import type { Scope } from '../../src/core/expression/expression.js';
import { NO_CONSTANTS } from '../../src/core/expression/expression.js';

const EXPRESSIONS = [
  "name = 'a'",
  "type = 'auth' and amount <= $params.small",
  'amount > $probe[0].amount',
  'amount > 500 and merchant != $probe[0].merchant',
  "type in ['auth', 'hit', 'chargeback']",
  '$sum(items.price) > 100',
  '$map(items, function($x) { $x.price })',
];

const EVENTS = Array.from({ length: 16 }, (_, i) => ({
  type: i % 2 === 0 ? 'auth' : 'hit',
  name: i % 3 === 0 ? 'a' : 'b',
  merchant: `m${i}`,
  amount: i * 50,
  items: [{ price: i }, { price: 60 }],
}));

const PROBES = [{ amount: 20, merchant: 'm3' }];

const scope: Scope = {
  body: undefined,
  event: { time: 0, type: 'auth', subject: 'payments.eu', headers: undefined },
  key: 'card-1',
  params: { small: 50 },
  constants: NO_CONSTANTS,
  stageEvents: () => PROBES,
};

/** Runs one expression `rounds` times and gives the milliseconds and how often it held. */
function measure(test: (scope: Scope) => boolean, rounds: number): { ms: number; held: number } {
  let held = 0;
  const start = performance.now();
  for (let i = 0; i < rounds; i++) {
    scope.body = EVENTS[i & 15];
    if (test(scope)) held += 1;
  }
  return { ms: performance.now() - start, held };
}

const compiler = createJsonataCompiler();
const names = { stages: new Map([['probe', 0]]), params: true, key: true };

for (const source of EXPRESSIONS) {
  const result = compiler.compile(source, names);
  if (!result.ok) throw new Error(source);
  const { expression } = result;
  const test = (each: Scope): boolean => expression.test(each);
  const rounds = expression.compiled ? 4_000_000 : 50_000;
  measure(test, rounds);
  const { ms, held } = measure(test, rounds);
  const kind = expression.compiled ? 'closures' : 'library';
  console.log(`${(rounds / ms / 1000).toFixed(2).padStart(8)} M/s  ${kind}  held ${held}  ${source}`);
}
