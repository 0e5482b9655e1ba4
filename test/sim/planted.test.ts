/** Bugs on purpose: laws that could not be broken would say nothing. */
import { expect, test } from 'vitest';
import type { AlertSink } from '../../src/ports/sink.js';
import type { StateStore } from '../../src/ports/store.js';
import { firstFailure } from './seeds.js';
import { shrinkPlan } from './shrink-plan.js';
import { drawPlan } from './sim-plan.js';
import { brokenLaws } from './simulate.js';
import type { Planted } from './planted.js';

const SEEDS = 100;

/** `part` in place of the original's; a store without `batch` gets its commits whole. */
function withPart<T extends object>(original: T, part: Partial<T>): T {
  return new Proxy(original, {
    get: (target, name) => {
      const value: unknown = name in part ? part[name as keyof T] : Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** Says that a commit is durable and keeps every seventh to itself. */
function forgetfulStore(): Planted {
  let commits = 0;
  const store = (inner: StateStore): StateStore =>
    withPart(inner, {
      batch: undefined,
      commit: (changes, options) => (++commits % 7 === 0 ? Promise.resolve() : inner.commit(changes, options)),
    } as Partial<StateStore>);
  return { store };
}

/** Says that a commit is durable before it is. */
function hastyStore(): Planted {
  const store = (inner: StateStore): StateStore =>
    withPart(inner, {
      batch: undefined,
      commit: (changes, options) => {
        inner.commit(changes, options).catch(() => undefined);
        return Promise.resolve();
      },
    } as Partial<StateStore>);
  return { store };
}

/** Says that a message is published and drops every third. */
function deafSink(): Planted {
  let messages = 0;
  const sink = (inner: AlertSink): AlertSink =>
    withPart(inner, {
      publish: async (given) => {
        const kept = given.filter(() => ++messages % 3 !== 0);
        const acks = await inner.publish(kept);
        return given.map(
          (message) => acks.find(({ id }) => id === message.id) ?? { id: message.id, seq: 1, duplicate: false },
        );
      },
    });
  return { sink };
}

/** Never tells what was published before: a start publishes it again. */
function forgetfulSink(): Planted {
  return { sink: (inner) => withPart(inner, { publishedSince: () => Promise.resolve(new Set<string>()) }) };
}

/** Opens what it is told not to: from the beginning, as if nothing had been read. */
function unquestioningOpener(): Planted {
  return {
    opener: (inner) => ({
      open: (source, start) => inner.open(source, start).catch(() => inner.open(source, { kind: 'all' })),
    }),
  };
}

/** A silent unit seems to be silent for longer than it is. */
function hastyClock(): Planted {
  return { clock: (inner) => withPart(inner, { monotonic: () => inner.monotonic() * 3 }) };
}

test.each([
  ['a clock that runs ahead', hastyClock],
  ['a store that loses what it said was durable', forgetfulStore],
  ['a store that says too early that something is durable', hastyStore],
  ['a disk that passes over what it cannot read', () => ({ blindDisk: true })],
  ['a state that went back and does not know it', () => ({ unmarked: true })],
  ['a stream that loses what it said it had', deafSink],
  ['a stream that does not say what it has', forgetfulSink],
  ['a server that does not know again what it has', () => ({ forgetfulServer: true })],
  ['a reader that goes on in a stream that is not the one it was', unquestioningOpener],
])(
  '%s is found',
  async (_, plant) => {
    expect(await firstFailure(1, SEEDS, plant())).toMatch(/^npm run sim -- --seed \d+: /);
  },
  120_000,
);

test('a failing plan is made smaller while it still fails', async () => {
  const failing = async (plan: ReturnType<typeof drawPlan>): Promise<boolean> =>
    (await brokenLaws(plan, deafSink())).length > 0;
  let seed = 1;
  while (!(await failing(drawPlan(seed)))) seed++;
  const whole = drawPlan(seed);
  const small = await shrinkPlan(whole, failing);
  expect(await failing(small)).toBe(true);
  const size = ({ events, faults, reloads }: typeof whole): number => events.length + faults.length + reloads.length;
  expect(size(small)).toBeLessThan(size(whole));
}, 120_000);

test('the same seed is the same run', async () => {
  expect(await firstFailure(1, SEEDS, forgetfulStore())).toBe(await firstFailure(1, SEEDS, forgetfulStore()));
}, 120_000);
