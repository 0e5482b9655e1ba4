/** What the API may ask of one engine. */
import type { EngineControl, EngineStatus, SavepointResult, SavepointView } from '../ports/control.js';
import type { SavepointRequest } from '../ports/savepoint.js';
import { SavepointError } from '../ports/savepoint.js';
import { DocumentRevisions } from './document-revisions.js';
import type { Engine } from './engine.js';
import { statusOf } from './engine-status.js';
import type { SavepointDraft } from './savepoint.js';

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
async function takeSavepoint(engine: Engine, request: SavepointRequest): Promise<SavepointResult> {
  const drafted = await draftSavepoint(engine, request);
  return drafted.ok ? finishSavepoint(engine, drafted.draft) : drafted;
}

type Refused = Extract<SavepointResult, { ok: false }>;

/** A savepoint of an engine that is still to be finished or abandoned, or why there is none. Never rejects. */
export async function draftSavepoint(
  engine: Engine,
  request: SavepointRequest,
): Promise<{ readonly ok: true; readonly draft: SavepointDraft } | Refused> {
  if (engine.state !== 'running') return { ok: false, reason: 'unavailable', detail: `The engine is ${engine.state}.` };
  try {
    return { ok: true, draft: await engine.draftSavepoint(request) };
  } catch (error) {
    return refused(engine, request, error);
  }
}

/** Never rejects. */
export async function finishSavepoint(engine: Engine, draft: SavepointDraft): Promise<SavepointResult> {
  const { name, entries, characters, revision } = draft.manifest;
  try {
    await draft.finish();
  } catch (error) {
    return refused(engine, { name }, error);
  }
  engine.deps.log.info('savepoint written', { place: draft.place, entries, characters, revision });
  return { ok: true, view: viewOf(draft) };
}

export function viewOf({ place, manifest }: SavepointDraft): SavepointView {
  const { name, at, namespace, revision, entries, characters, parts, sha256 } = manifest;
  return { name, place, at, namespace, revision, entries, characters, parts: parts.length, sha256 };
}

function refused(engine: Engine, request: SavepointRequest, error: unknown): Refused {
  const code = error instanceof SavepointError ? error.code : 'unknown';
  const detail = error instanceof Error ? error.message : String(error);
  engine.deps.log.error('no savepoint was written', { ...request, code, message: detail });
  return { ok: false, reason: SAVEPOINT_REASONS[code] ?? 'unavailable', detail };
}

const SAVEPOINT_REASONS: Readonly<Record<string, Refused['reason']>> = {
  'savepoint-name': 'malformed',
  'savepoint-exists': 'conflict',
};
