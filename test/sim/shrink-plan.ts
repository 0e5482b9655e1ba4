/** A failing plan made smaller, so that what is left of it is what matters. */
import type { Fault, Plan } from './sim-plan.js';
import { CALM_WIRE } from './sim-sink.js';

type Fails = (plan: Plan) => Promise<boolean>;

/** Takes away events, faults and reloads, larger pieces first, then what happens beside the ends of lives, while it still fails. */
export async function shrinkPlan(plan: Plan, fails: Fails): Promise<Plan> {
  let smallest = plan;
  for (const part of ['reloads', 'faults', 'events'] as const) smallest = await shrinkPart(smallest, part, fails);
  smallest = await simplifyFaults(smallest, fails);
  const calm: Plan = { ...smallest, wire: CALM_WIRE };
  return (await fails(calm)) ? calm : smallest;
}

async function shrinkPart(plan: Plan, part: 'reloads' | 'faults' | 'events', fails: Fails): Promise<Plan> {
  let smallest = plan;
  for (let size = Math.max(1, plan[part].length >> 1); size >= 1; size >>= 1) {
    for (let at = 0; at < smallest[part].length;) {
      const left = [...smallest[part].slice(0, at), ...smallest[part].slice(at + size)];
      const smaller: Plan = { ...smallest, [part]: left };
      if (await fails(smaller)) smallest = smaller;
      else at += size;
    }
  }
  return smallest;
}

async function simplifyFaults(plan: Plan, fails: Fails): Promise<Plan> {
  let smallest = plan;
  for (const [at, fault] of plan.faults.entries()) {
    const { stream, ...alone } = fault;
    if (stream === undefined) continue;
    const smaller: Plan = { ...smallest, faults: smallest.faults.with(at, alone as Fault) };
    if (await fails(smaller)) smallest = smaller;
  }
  return smallest;
}
