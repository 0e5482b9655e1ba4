/** Payloads of the kill test from a seed: out of order within the bounds, some late, some malformed. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

/** A small seeded generator (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { next, below, pick: (list) => list[below(list.length)] as never };
}

/** What is published in one go: to the payments stream, and to the logins stream. */
export interface Slice {
  readonly payments: readonly string[];
  readonly logins: readonly string[];
}

export const START_MS = Date.parse('2024-05-01T00:00:00Z');
const STEP_MS = 80;
const PAYMENT_BOUND_MS = 4_000;
const LOGIN_BOUND_MS = 2_000;
const USERS = 40;
const LATE_SHARE = 0.01;
const MALFORMED_SHARE = 0.008;

const PAYMENT_TYPES = ['auth', 'auth', 'auth', 'capture', 'refund', 'order', 'refused', 'note', 'note', 'note'];
const MALFORMED = [
  '{"ts": "2024-05-01T00:00:01Z", "type": ',
  '{"type":"auth","card":"u1","amount":3}',
  '{"ts":"yesterday","type":"auth","card":"u1","amount":3}',
  '{"ts":"2024-05-01T00:00:01Z","type":"auth","card":"u1","amount":"three"}',
  '{"ts":"2090-01-01T00:00:00Z","type":"auth","card":"u1","amount":3}',
  '\u0000\u0001',
  '',
];

function disordered(at: number, boundMs: number, random: Random): number {
  if (random.next() < LATE_SHARE) return at - boundMs - 1 - random.below(60_000);
  return at - random.below(boundMs);
}

function payment(at: number, number: number, random: Random): string {
  if (random.next() < MALFORMED_SHARE) return random.pick(MALFORMED);
  const ms = disordered(at, PAYMENT_BOUND_MS, random);
  const user = random.below(USERS);
  return JSON.stringify({
    ts: random.next() < 0.5 ? new Date(ms).toISOString() : ms,
    id: `p${number}`,
    type: random.pick(PAYMENT_TYPES),
    // Some events have no key, or one of another type.
    card: random.next() < 0.01 ? null : random.next() < 0.02 ? user : `u${user}`,
    merchant: `m${random.below(8)}`,
    amount: random.below(1_000),
  });
}

function login(at: number, number: number, random: Random): string {
  if (random.next() < MALFORMED_SHARE) return random.pick(MALFORMED);
  const items = Array.from({ length: 1 + random.below(3) }, (_, index) => ({
    at: disordered(at, LOGIN_BOUND_MS, random),
    n: number * 10 - index,
    type: random.next() < 0.4 ? 'login' : 'logout',
    failed: random.next() < 0.5,
    user: `u${random.below(USERS)}`,
    region: random.pick(['north', 'south']),
  }));
  return JSON.stringify({ items });
}

/** Closing events, far ahead: after them every watermark has passed every window, and `the-end` has said so. */
function closing(lastMs: number): Slice {
  const at = (ms: number, type: string): object[] =>
    ['north', 'south'].map((region, n) => ({ at: lastMs + ms, n, type, region, user: 'nobody' }));
  return {
    payments: ['end', 'over', 'over'].map((type, index) =>
      JSON.stringify({ ts: lastMs + 3_600_000 + index * 3_600_000, type, card: 'nobody', merchant: 'none', amount: 0 }),
    ),
    logins: [{ items: [...at(3_601_000, 'end'), ...at(7_200_000, 'over'), ...at(10_800_000, 'over')] }].map((one) =>
      JSON.stringify(one),
    ),
  };
}

/** `messages` over both streams, cut into `slices`, and the closing events behind. */
export function killEvents(seed: number, messages: number, slices: number): Slice[] {
  const random = seededRandom(seed);
  const given: { payments: string[]; logins: string[] }[] = Array.from({ length: slices }, () => ({
    payments: [],
    logins: [],
  }));
  for (let number = 0; number < messages; number++) {
    const slice = given[Math.floor((number * slices) / messages)] as (typeof given)[number];
    const at = START_MS + number * STEP_MS;
    if (random.next() < 0.65) slice.payments.push(payment(at, number, random));
    else slice.logins.push(login(at, number, random));
  }
  return [...given, closing(START_MS + messages * STEP_MS)];
}
