/** What the API may ask of one engine. */
import type { EngineControl, EngineStatus, SavepointResult } from '../ports/control.js';
import type { SavepointRequest } from '../ports/savepoint.js';
import { SavepointError } from '../ports/savepoint.js';
import { DocumentRevisions } from './document-revisions.js';
import type { Engine } from './engine.js';
import { statusOf } from './engine-status.js';

export class DocumentControl extends DocumentRevisions implements EngineControl {
  constructor(private readonly one: Engine) {
    super(one);
  }

  shadowAlerts(rule: string): readonly string[] | undefined {
    return this.document('rule', rule) === undefined ? undefined : this.one.shadowAlerts(rule);
  }

  savepoint(request: SavepointRequest): Promise<SavepointResult> {
    return takeSavepoint(this.one, request);
  }

  status(): EngineStatus {
    return statusOf(this.one);
  }
}

/** A savepoint of an engine, or why there is none. */
export async function takeSavepoint(engine: Engine, request: SavepointRequest): Promise<SavepointResult> {
  if (engine.state !== 'running') return { ok: false, reason: 'unavailable', detail: `The engine is ${engine.state}.` };
  try {
    const { place, manifest } = await engine.takeSavepoint(request);
    const { name, at, namespace, revision, entries, characters, parts, sha256 } = manifest;
    return {
      ok: true,
      view: { name, place, at, namespace, revision, entries, characters, parts: parts.length, sha256 },
    };
  } catch (error) {
    const code = error instanceof SavepointError ? error.code : 'unknown';
    const detail = error instanceof Error ? error.message : String(error);
    engine.deps.log.error('no savepoint was written', { ...request, code, message: detail });
    return { ok: false, reason: SAVEPOINT_REASONS[code] ?? 'unavailable', detail };
  }
}

const SAVEPOINT_REASONS: Readonly<Record<string, Extract<SavepointResult, { ok: false }>['reason']>> = {
  'savepoint-name': 'malformed',
  'savepoint-exists': 'conflict',
};
