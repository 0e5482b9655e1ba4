/** A state for people. */
import type { KeyView, StateSummary } from '../runtime/inspect-state.js';

function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)));
  const widths = (texts[0] ?? []).map((_, at) => Math.max(...texts.map((row) => row[at]?.length ?? 0)));
  return texts.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
}

function size(characters: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let amount = characters;
  let unit = 0;
  while (amount >= 1_000 && unit < units.length - 1) {
    amount /= 1_000;
    unit++;
  }
  return `${amount < 10 && unit > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[unit]}`;
}

/** A checkpoint kept beside the newest state, with its journal. */
export interface RetainedView {
  readonly number: number;
  /** Null when what is known of it is damaged. */
  readonly at: string | null;
  readonly journalBytes: number;
}

export function describeState(state: StateSummary & { readonly retained: readonly RetainedView[] }): string {
  const { keys, outbox, documents } = state;
  const kinds = Object.entries(documents).map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`);
  const other = Object.entries(state.other).map(([kind, count]) => `${count} of ${kind}/`);
  return [
    `format ${state.format}, namespace ${state.namespace}, revision ${state.revision}, checkpoint of ${state.at}`,
    `${state.entries.toLocaleString('en-US')} entries, ${size(state.characters)}: ${kinds.join(', ')}`,
    `${keys.count.toLocaleString('en-US')} keys with ${keys.events.toLocaleString('en-US')} events, ${size(keys.characters)}, ${state.timers.toLocaleString('en-US')} timers`,
    `outbox: ${outbox.waiting} waiting, next number ${outbox.next}, alert stream looked up after ${outbox.since}`,
    ...(state.shadowAlerts > 0 ? [`${state.shadowAlerts} alerts of shadow rules`] : []),
    ...(other.length > 0 ? [`other: ${other.join(', ')}`] : []),
    ...state.retained.map(
      ({ number, at, journalBytes }) =>
        `retained: ${number} of ${at ?? 'an unknown time'}, journal of ${size(journalBytes)}`,
    ),
    'sources',
    ...table([
      ['name', 'position', 'read again from', 'watermark', 'units'],
      ...state.sources.map((one) => [one.name, one.position, one.replayFrom, one.watermark ?? 'none', one.units]),
    ]),
    'rules',
    ...table([
      ['name', 'generation', 'versions', 'keys', 'runs', 'waiting', 'size'],
      ...state.rules.map((one) => [
        one.name,
        one.generation,
        one.versions.map(({ version, draining }) => `${version}${draining ? ' drains' : ''}`).join(', '),
        one.keys,
        one.runs,
        one.waiting,
        size(one.characters),
      ]),
    ]),
  ].join('\n');
}

export function describeKey({ key, group, characters, events, rules }: KeyView): string {
  return [
    `key ${JSON.stringify(key)}, group ${group}: ${events.length} events, ${size(characters)}`,
    ...rules.flatMap(({ rule, generation, runs }) => [
      `  ${rule}, generation ${generation}: ${runs.length} runs`,
      ...runs.map(({ version, taken }) => {
        const steps = taken.map(({ stage, event, time }) => `${stage} ${event} at ${time}`);
        return `    version ${version}: ${steps.join(' → ')}`;
      }),
    ]),
    '  events',
    ...events.map(({ id, time, body }) => `    ${id}  ${time}  ${JSON.stringify(body)}`),
  ].join('\n');
}
