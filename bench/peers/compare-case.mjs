/**
 * One workload through all engines that take part in it, one after the other. The first is Weir, against which the others'
 * matches are held. An engine that does not finish in time is run again on as many events as it can do in a quarter of it.
 */
import { engines } from './engines.mjs';
import { figuresOf, linesOf, median, runProcess } from './run-process.mjs';

/** The engines of each workload. What is missing cannot do it, or would say nothing new: see docs/benchmarks.md. */
const partners = {
  W1: ['weir', 'flink-heap', 'flink-nfa', 'flink-filter', 'flink-rocksdb', 'esper'],
  W2: ['weir', 'flink-heap', 'flink-nfa', 'flink-filter', 'esper'],
  W3: ['weir', 'flink-heap', 'flink-nfa', 'flink-filter', 'esper'],
  W4: ['weir', 'weir-made', 'flink-heap', 'flink-nfa', 'flink-filter', 'esper'],
  W5: ['weir', 'flink-heap', 'flink-nfa', 'flink-filter', 'esper'],
  // Opening 10,000 operators takes a minute in every pass.
  'W5 10000': ['weir', 'flink-heap', 'flink-filter', 'esper'],
  W6: ['weir', 'flink-heap', 'flink-nfa', 'esper'],
  'W6 disk': ['weir-level', 'flink-rocksdb'],
  W7: ['weir', 'flink-heap', 'flink-filter', 'esper'],
  W9: ['weir', 'flink-heap', 'flink-filter', 'esper'],
};

/** What an engine has no way to say, whatever the time. */
const cannot = {
  'W6 disk': { esper: 'keeps its state in memory alone' },
  W7: { 'flink-nfa': 'puts nothing in order: that is what the buffer of event time is for' },
  W9: { 'flink-nfa': 'an absence without a further event needs event time' },
};

/** The cases with their engines, Weir and those `chosen` (all, without a choice). W6 is told twice: with state in memory, and on disk. */
export function expandCases(written, chosen) {
  const takesPart = (name) => chosen === undefined || chosen.includes(name) || name.startsWith('weir');
  return allCases(written).map((one) => ({ ...one, partners: one.partners.filter(takesPart) }));
}

function allCases(written) {
  return written.flatMap((one) =>
    one.workload === 'W6'
      ? [
          { ...one, partners: partners.W6, cannot: {} },
          { ...one, id: 'W6 disk', partners: partners['W6 disk'], cannot: cannot['W6 disk'] },
        ]
      : [{ ...one, partners: partners[one.id] ?? partners[one.workload], cannot: cannot[one.workload] ?? {} }],
  );
}

const roundDown = (value) => {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.floor(value / unit) * unit;
};

function summarize(lines) {
  const [verify] = linesOf(lines, 'verify');
  const passes = linesOf(lines, 'pass');
  if (verify === undefined || passes.length === 0) return undefined;
  const passesMs = passes.map(({ ms }) => ms);
  const medianMs = median(passesMs);
  const { events, rows, matches } = passes[0];
  return {
    events,
    passesMs,
    medianMs,
    eventsPerSecond: events / (medianMs / 1_000),
    rows,
    rowsPerSecond: rows / (medianMs / 1_000),
    matches,
    hash: verify.hash,
    steady: passes.every((one) => one.matches === verify.matches),
    figures: figuresOf(lines),
  };
}

/** Runs an engine; what does not finish is run again on fewer events. */
async function runEngine(name, spec, { passes, timeoutMs }) {
  const run = (options) => {
    const all = ['--passes', String(passes), '--timeout-ms', String(timeoutMs), ...options];
    return runProcess(engines[name](spec, all), timeoutMs * (3 * passes + 12) + 300_000);
  };
  const { lines, failure } = await run([]);
  const [late] = linesOf(lines, 'timeout');
  const whole = summarize(lines);
  if (late === undefined) return whole === undefined || failure !== undefined ? { failure } : whole;
  const seconds = Math.round(timeoutMs / 1_000);
  if (late.phase === 'fill') {
    return { failure: `${late.events} events of the state before the measure in ${2 * seconds} s, then given up` };
  }
  const cutTo = roundDown(Math.floor(late.events / 4));
  if (cutTo < 10) return { failure: `${late.events} events in ${seconds} s, then given up` };
  const again = await run(['--events', String(cutTo)]);
  const cut = summarize(again.lines);
  if (cut === undefined) return { failure: again.failure ?? `not ${cutTo} events in ${seconds} s` };
  return { ...cut, cutTo, cutFrom: late.events };
}

/** The matches of the first `events` measured events, according to Weir. */
async function verifyCut(spec, events, timeoutMs) {
  const options = ['--verify-only', '--events', String(events), '--timeout-ms', String(10 * timeoutMs)];
  const { lines } = await runProcess(engines.weir(spec, options), 20 * timeoutMs);
  return linesOf(lines, 'verify')[0];
}

/** `agrees`, or how it differs from Weir on the same events. */
async function check(result, reference, spec, timeoutMs) {
  const same = result.events === reference?.events;
  const expected = same ? reference : await verifyCut(spec, result.events, timeoutMs);
  if (expected === undefined) return 'not checked';
  if (!result.steady) return 'differs from pass to pass';
  if (result.hash === expected.hash) return 'agrees';
  return `differs: ${result.matches} matches against ${expected.matches} of Weir`;
}

export async function compareCase(one, { passes, timeoutMs, commit, say }) {
  const results = {};
  let reference;
  for (const name of one.partners) {
    const result = await runEngine(name, one.spec, { passes, timeoutMs });
    if (result.failure === undefined) {
      if (name.startsWith('weir')) reference = result;
      result.check = await check(result, reference, one.spec, timeoutMs);
    }
    results[name] = result;
    const rate = result.failure ?? `${Math.round(result.eventsPerSecond).toLocaleString('en-US')} events/s`;
    say(`  ${one.id.padEnd(20)} ${name.padEnd(14)} ${rate}${result.check === undefined ? '' : `, ${result.check}`}`);
  }
  const { workload, id, title, cannot: unable } = one;
  return { workload, id, title, results, cannot: unable, commit, at: new Date().toISOString() };
}
