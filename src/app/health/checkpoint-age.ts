import type { EngineStatus } from '../../ports/control.js';

export interface CheckpointAge {
  readonly ok: boolean;
  readonly detail: string;
}

/**
 * An engine without input writes no checkpoint, so an old one is fine as long as it covers everything taken in.
 * The age counts from the last checkpoint, or from the start if there was none.
 */
export function judgeCheckpointAge(status: EngineStatus, nowMs: number, ageMsMax: number): CheckpointAge {
  const { last } = status.checkpoints;
  const ageMs = Math.max(0, nowMs - Date.parse(last?.at ?? status.startedAt));
  const uncovered = status.sources.filter((source) => source.position > source.checkpointedPosition);
  const subject = last === null ? 'no checkpoint since the start' : 'last checkpoint';
  const age = `${subject} ${Math.round(ageMs / 1_000)} s ago`;
  if (uncovered.length === 0) return { ok: true, detail: `${age}, all input covered` };
  if (ageMs <= ageMsMax) return { ok: true, detail: age };
  const names = uncovered.slice(0, 3).map(({ name }) => name);
  return { ok: false, detail: `${age}, and input of ${names.join(', ')} is not covered` };
}
