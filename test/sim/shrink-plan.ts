/** A failing plan made smaller, so that what is left of it is what matters. */
import type { Fault, Plan } from './sim-plan.js';
import { CALM_WIRE } from './sim-sink.js';

const PARTS = ['rules', 'reloads', 'faults', 'events'] as const;
type Fails = (plan: Plan) => Promise<boolean>;

/** Takes away rules, reloads, faults and events, larger pieces first, then what happens beside the ends of lives, while it still fails. */
export async function shrinkPlan(plan: Plan, fails: Fails): Promise<Plan> {
  let smallest = plan;
  for (const part of PARTS) smallest = await shrinkPart(smallest, part, fails);
  return calmPlan(await simplifyFaults(smallest, fails), fails);
}

async function shrinkPart(plan: Plan, part: (typeof PARTS)[number], fails: Fails): Promise<Plan> {
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

/** Faults that only end a life say more than those that come with more. */
async function simplifyFaults(plan: Plan, fails: Fails): Promise<Plan> {
  let smallest = plan;
  for (const part of ['stream', 'flips'] as const) {
    for (const [at, fault] of plan.faults.entries()) {
      if (fault[part] === undefined) continue;
      const left = Object.entries(smallest.faults[at] ?? fault).filter(([name]) => name !== part);
      const smaller: Plan = { ...smallest, faults: smallest.faults.with(at, Object.fromEntries(left) as Fault) };
      if (await fails(smaller)) smallest = smaller;
    }
  }
  return smallest;
}

/** Without what disturbs all the time. */
async function calmPlan(plan: Plan, fails: Fails): Promise<Plan> {
  let smallest = plan;
  for (const calm of [{ wire: CALM_WIRE }, { slowDisk: undefined }]) {
    const smaller: Plan = { ...smallest, ...calm };
    if (await fails(smaller)) smallest = smaller;
  }
  return smallest;
}
