/** Simulates the services of these seeds and gives the first failure as the line that repeats it, with what broke. */
import { drawPlan } from './sim-plan.js';
import { brokenLaws } from './simulate.js';
import type { Planted } from './planted.js';

/** Undefined when every law held in every one of them. */
export async function firstFailure(from: number, count: number, planted: Planted = {}): Promise<string | undefined> {
  for (let seed = from; seed < from + count; seed++) {
    const broken = await brokenLaws(drawPlan(seed), planted);
    if (broken.length > 0) return `npm run sim -- --seed ${seed}: ${broken.slice(0, 5).join('; ')}`;
  }
  return undefined;
}
