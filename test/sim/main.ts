/**
 * Simulates services until one breaks a law:
 *
 *   npm run sim -- [--seed N] [--seeds COUNT] [--minutes M]
 *
 * A failing seed is printed with the line that repeats it, and with its plan made as small as it still fails.
 */
import { shrinkPlan } from './shrink-plan.js';
import { drawPlan } from './sim-plan.js';
import { brokenLaws } from './simulate.js';

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

async function main(): Promise<void> {
  const first = option('seed', 1);
  const count = option('seeds', process.argv.includes('--seed') ? 1 : 1_000);
  const endMs = performance.now() + option('minutes', 10) * 60_000;
  let passed = 0;
  for (let seed = first; seed < first + count && performance.now() < endMs; seed++) {
    const broken = await brokenLaws(drawPlan(seed));
    if (broken.length > 0) {
      console.log(`npm run sim -- --seed ${seed}`);
      console.log(broken.slice(0, 10).join('\n'));
      const small = await shrinkPlan(drawPlan(seed), async (plan) => (await brokenLaws(plan)).length > 0);
      console.log(JSON.stringify(small));
      process.exitCode = 1;
      break;
    }
    passed++;
  }
  console.log(`${passed} passed, ${process.exitCode === 1 ? 1 : 0} failed`);
}

await main();
