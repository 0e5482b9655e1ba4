/** A stream whose alerts are known beforehand: every event is a function of its number. */

export interface SoakPlan {
  readonly eventsPerSecond: number;
  readonly keys: number;
}

const START_MS = Date.parse('2024-05-01T00:00:00Z');
/** One event in so many begins a pair, and one so many later ends it. */
const PAIR_EVERY = 1_000;
const PAIR_AFTER = 500;
const FILLER = 'x'.repeat(120);

export const SOAK_DOCUMENTS = `
kind: source
name: s
nats: { stream: SOAK, subjects: ["soak.>"] }
start: all
event: { time: ts, type: type }
watermark: { maxOutOfOrderness: 1s }
---
kind: rule
name: pair
source: s
key: k
pattern:
  within: 10s
  sequence: [{ begin: first, where: "type = 'first'" }, { followedBy: second, where: "type = 'second' and n > $first.n" }]
alert: { subject: pair }
---
kind: rule
name: never
source: s
key: k
pattern:
  within: 30s
  sequence: [{ begin: login, where: "type = 'login' and amount > 300" }, { followedBy: theft, where: "type = 'theft'" }]
`;

/** A rule that changes with every reload, beside those whose alerts are counted. */
export function changingDocument(reload: number): string {
  return `
kind: rule
name: changing
source: s
key: k
pattern:
  within: ${5 + (reload % 20)}s
  sequence: [{ begin: login, where: "type = 'login' and amount > ${900 + (reload % 90)}" }, { followedBy: theft, where: "type = 'theft'" }]
`;
}

/** Up to 60 ms out of order. */
function timeOf(n: number, { eventsPerSecond }: SoakPlan): number {
  return START_MS + Math.floor((n * 1_000) / eventsPerSecond) - (n % 7) * 10;
}

export function soakEvent(n: number, plan: SoakPlan): string {
  const ts = timeOf(n, plan);
  const { keys } = plan;
  const place = n % PAIR_EVERY;
  const pair = Math.floor(n / PAIR_EVERY);
  const [type, k] =
    place === 0
      ? ['first', `p${pair}`]
      : place === PAIR_AFTER
        ? ['second', `p${pair}`]
        : [place % 10 === 3 ? 'login' : 'view', `k${(n * 7_919) % keys}`];
  return JSON.stringify({ ts, type, k, n, amount: (n * 31) % 1_000, filler: FILLER });
}

/** Keys of the pairs that the first `count` events hold, in order of time: the second event of some is the earlier one. */
export function expectedPairs(count: number, plan: SoakPlan): Set<string> {
  const expected = new Set<string>();
  for (let pair = 0; pair * PAIR_EVERY + PAIR_AFTER < count; pair++) {
    const first = pair * PAIR_EVERY;
    if (timeOf(first + PAIR_AFTER, plan) >= timeOf(first, plan)) expected.add(`p${pair}`);
  }
  return expected;
}

/** An event so far ahead that everything before it is final. */
export function closingEvent(count: number, { eventsPerSecond }: SoakPlan, hours: number): string {
  const ts = START_MS + Math.floor((count * 1_000) / eventsPerSecond) + hours * 3_600_000;
  return JSON.stringify({ ts, type: 'over', k: 'over', n: count });
}
