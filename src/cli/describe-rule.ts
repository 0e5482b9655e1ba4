/** A rule's explanation for people. */
import type {
  ConditionExplanation,
  RuleExplanation,
  StateExplanation,
  WayExplanation,
} from '../core/document/explain-rule.js';
import type { StateBound } from '../core/document/state-bound.js';

export function describeRule(rule: RuleExplanation): string {
  const conditions = rule.conditions.map(describeCondition);
  const paragraphs = [
    [
      `${rule.rule}  ${rule.hash.slice(0, 12)}`,
      ...rule.sources.map(({ source, key }) => `  reads ${source}, ${key === null ? 'one global key' : `key ${key}`}`),
      ...(rule.filter === null ? [] : [`  only where ${describeCondition(rule.filter)}`]),
      `  within ${rule.withinMs === null ? 'no limit' : `${rule.withinMs} ms`}, skip ${rule.skip}, emit ${rule.emit}`,
    ],
    ['Conditions', ...conditions.map((line) => `  ${line}`)],
    ['How an event finds it', `  ${describeReach(rule)}`],
    ['How runs are kept', `  ${rule.executor.name}: ${rule.executor.because}`],
    ['States', ...rule.states.flatMap(describeState)],
    ['One key holds at most', `  ${describeBound(rule.bound)}, then ${rule.overflow}`],
  ];
  return paragraphs.map((lines) => lines.join('\n')).join('\n\n');
}

function describeCondition({ text, looksAt, evaluatedBy }: ConditionExplanation): string {
  const asked = looksAt === 'event' ? 'once per event' : 'per run';
  return `${text}  [${asked}, ${evaluatedBy === 'closures' ? 'compiled' : 'in the library'}]`;
}

function describeReach({ reachedBy }: RuleExplanation): string {
  const { constants, because } = reachedBy;
  return constants.length === 0
    ? `it is asked about every event of its sources: ${because}`
    : `by ${constants.join(', ')}: ${because}`;
}

function describeState({ state, kind, foundBy, ways }: StateExplanation): string[] {
  const found = foundBy === null ? '' : `, its runs found by ${foundBy}`;
  return [
    `  ${state}${kind === 'normal' ? '' : ` (${kind})`}${found}`,
    ...ways.map((way) => `     ${describeWay(way, state)}`),
  ];
}

function describeWay({ action, stage, when, to, gapMs, completes }: WayExplanation, from: number): string {
  const condition = when.length === 0 ? 'always' : when.join(' and ');
  if (action === 'stop') return `ends when ${condition}`;
  if (action === 'wait')
    return `${to === from ? 'waits' : `waits on in ${to}`} when ${condition}${completes ? ': a match' : ''}`;
  const gap = gapMs === null ? '' : `, less than ${gapMs} ms after the event before`;
  return `takes ${stage ?? ''} when ${condition}${gap}${completes ? ': a match' : ''}, then ${to}`;
}

function describeBound({ runsPerKeyMax, eventsPerRunMax, bytesPerKeyMax }: StateBound): string {
  const runs = `${runsPerKeyMax.toLocaleString('en-US')} runs`;
  if (eventsPerRunMax === null || bytesPerKeyMax === null) {
    return `${runs}, each of as many events as its loops take within the window`;
  }
  const events = `${eventsPerRunMax.toLocaleString('en-US')} ${eventsPerRunMax === 1 ? 'event' : 'events'}`;
  return `${runs} of ${events}, ${bytesPerKeyMax.toLocaleString('en-US')} bytes for events of 1,024 bytes`;
}
