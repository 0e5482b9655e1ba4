/** A plan, lived through and judged: against the laws, and against the same events without faults. */
import type { Plan } from './sim-plan.js';
import type { Planted } from './planted.js';
import { SimService } from './sim-service.js';
import { CALM_WIRE } from './sim-sink.js';

/** The laws a plan breaks: sentences, none if all hold. The same events without faults and reloads say what must come out. */
export async function brokenLaws(plan: Plan, planted: Planted = {}): Promise<readonly string[]> {
  const service = await new SimService(plan, planted).run();
  if (service.broken.length > 0) return service.broken;
  const calm = await new SimService(calmed(plan)).run();
  const { spoilt } = service.operator;
  const untold = calm.world.documents.rulesOn(spoilt);
  const [said, expected] = [service, calm].map((one) => new Set(summaryOf(one, { spoilt, untold })));
  return [
    ...calm.broken.map((law) => `without faults: ${law}`),
    ...[...(expected ?? [])].filter((line) => said?.has(line) !== true).map((line) => `missing: ${line}`),
    ...[...(said ?? [])].filter((line) => expected?.has(line) !== true).map((line) => `too much: ${line}`),
  ];
}

/** What was published of rules that no reload touches and whose streams are whole, as it must come out whatever happens. */
function summaryOf(
  { world }: SimService,
  { spoilt, untold }: { readonly spoilt: ReadonlySet<string>; readonly untold: ReadonlySet<string> },
): string[] {
  const lines = world.alerts.stream.messages.flatMap(({ subject, id, body }) => {
    const { data, ...rest } = JSON.parse(body) as { data?: { rule?: string; ruleRevision?: number } };
    const rule = data?.rule ?? '';
    const aside = /\.(?:late|dead)\.(.)/.exec(subject)?.[1] ?? '';
    if (rule === 'changing' || untold.has(rule) || spoilt.has(aside)) return [];
    return [`${subject} ${id} ${JSON.stringify({ ...rest, data: { ...data, ruleRevision: undefined } })}`];
  });
  return lines.sort();
}

/** The same events, with nothing that disturbs. */
function calmed(plan: Plan): Plan {
  return { ...plan, faults: [], reloads: [], wire: CALM_WIRE, slowDisk: undefined };
}
