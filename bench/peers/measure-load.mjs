/** W8 (loading rules, changing one) and JSON decoding: what is measured outside of matching. */
import { javaCommand, weirCommand } from './engines.mjs';
import { figuresOf, linesOf, median, runProcess } from './run-process.mjs';

async function figures(command, limitMs) {
  const { lines, failure } = await runProcess(command, limitMs);
  const found = figuresOf(lines);
  return Object.keys(found).length === 0 ? { failure: failure ?? 'said nothing' } : found;
}

/** The median of every figure over as many processes as passes: a service loads once, cold. */
async function medianFigures(command, passes, limitMs) {
  const all = [];
  for (let pass = 0; pass < passes; pass++) all.push(await figures(command, limitMs));
  const failed = all.find((one) => one.failure !== undefined);
  if (failed !== undefined) return failed;
  return Object.fromEntries(Object.keys(all[0]).map((name) => [name, median(all.map((one) => one[name]))]));
}

/** `spec` is the description of W5 with the most rules. */
export async function measureLoad({ spec, rules, passes, timeoutMs, say }) {
  const limitMs = 10 * timeoutMs + 120_000;
  const results = {
    weirYaml: await medianFigures(weirCommand('load-driver', 'yaml', spec), passes, limitMs),
    weirStored: await medianFigures(weirCommand('load-driver', 'stored', spec), passes, limitMs),
    esperTemplate: await figures(javaCommand('esper', 'weir.bench.esper.EsperLoad', 'template', spec, '0'), limitMs),
    esperText: await figures(
      javaCommand('esper', 'weir.bench.esper.EsperLoad', 'text', spec, String(timeoutMs)),
      limitMs,
    ),
    flink: await figures(javaCommand('flink', 'weir.bench.flink.FlinkLoad', spec, String(timeoutMs)), limitMs),
  };
  for (const [name, result] of Object.entries(results)) say(`  W8 ${name.padEnd(14)} ${JSON.stringify(result)}`);
  return { rules, timeoutMs, results, at: new Date().toISOString() };
}

async function decodeRate(command, limitMs) {
  const { lines, failure } = await runProcess(command, limitMs);
  const passes = linesOf(lines, 'pass');
  if (passes.length === 0) return { failure };
  return { eventsPerSecond: passes[0].events / (median(passes.map(({ ms }) => ms)) / 1_000), sum: passes[0].matches };
}

/** `spec` is the description of W1. */
export async function measureDecode({ spec, passes, timeoutMs, say }) {
  const limitMs = 10 * timeoutMs + 120_000;
  const weir = await decodeRate(weirCommand('decode-driver', spec, String(passes)), limitMs);
  const jackson = await decodeRate(javaCommand('esper', 'weir.bench.Decode', spec, String(passes)), limitMs);
  const agree = weir.sum === jackson.sum;
  say(`  JSON  JSON.parse ${Math.round(weir.eventsPerSecond)}/s, Jackson ${Math.round(jackson.eventsPerSecond)}/s`);
  return { weir, jackson, agree, at: new Date().toISOString() };
}
