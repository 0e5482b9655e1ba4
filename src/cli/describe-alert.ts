/** An alert as a person reads it: what, who, when, and the events that explain it. */
import { paints } from './terminal.js';

interface ShownEvent {
  readonly id: string;
  readonly time: string;
  readonly body?: unknown;
}

interface AlertBody {
  readonly type: string;
  readonly time: string;
  readonly data: {
    readonly rule: string;
    readonly severity: string;
    readonly title: string;
    readonly suppressed: number;
    readonly stages: readonly { readonly stage: string; readonly events: readonly ShownEvent[] }[];
  };
}

const EVENTS_SHOWN_MAX = 4;
const BODY_CHARS_MAX = 140;

const severityPaints: Readonly<Record<string, (text: string) => string>> = {
  critical: paints.red,
  high: paints.red,
  medium: paints.yellow,
};

function describeEvents(events: readonly ShownEvent[]): string[] {
  const shown = events.length <= EVENTS_SHOWN_MAX ? events : [...events.slice(0, 2), ...events.slice(-1)];
  const lines = shown.map(({ time, body, id }) => `${time}  ${JSON.stringify(body)?.slice(0, BODY_CHARS_MAX) ?? id}`);
  if (shown.length < events.length) lines.splice(2, 0, `… ${events.length - shown.length} more`);
  return lines;
}

/** `json` is the CloudEvent's text. */
export function describeAlert(json: string): string {
  const { time, type, data } = JSON.parse(json) as AlertBody;
  const paintSeverity = severityPaints[data.severity] ?? paints.blue;
  const timeout = type.includes('.timeout.') ? ' (timed out)' : '';
  const head = `${paintSeverity(data.severity.toUpperCase().padEnd(8))} ${paints.bold(data.title)}${timeout}`;
  const lines = data.stages.flatMap(({ stage, events }) =>
    describeEvents(events).map((line, at) => `    ${(at === 0 ? stage : '').padEnd(14)} ${paints.dim(line)}`),
  );
  const suppressed = data.suppressed === 0 ? '' : paints.dim(` (+${data.suppressed} held back)`);
  return [head, `    ${paints.dim(`${data.rule} · ${time}`)}${suppressed}`, ...lines].join('\n');
}
