/**
 * Of a document whose shape is wrong, what is left without the fields that are wrong: its expressions can be checked all the same. A
 * field that must be there, an item of a list and the name of a stage cannot be left out: without them others would mean something else.
 */
import type { DocumentKind, WeirDocument } from '../../core/document/documents.js';
import { pointerTokens } from '../../core/document/pointer.js';
import type { ShapeProblem } from './shape-diagnostics.js';
import { STAGE_WORDS } from './pattern-shape.js';
import { shapes } from './shapes.js';

type Fields = Record<string, unknown>;

/** Stands for the source of a rule that names none; what is said of it is not reported. */
const NO_SOURCE = 'none';

/** A field of a step. */
const IN_STEP = /\/(?:sequence|anyOf|allOf)\/\d+\/([^/]+)$/;

export interface SoundDocument {
  readonly document: WeirDocument;
  /** No stage lost its name. */
  readonly stagesKnown: boolean;
}

/** Undefined where the rest has no sound shape either. */
export function soundPart(
  kind: DocumentKind,
  value: Readonly<Fields>,
  problems: readonly ShapeProblem[],
): SoundDocument | undefined {
  const rest = structuredClone(value) as Fields;
  for (const { pointer, code } of problems) {
    if (code === 'missing-field' && pointer === '/source') rest['source'] = NO_SOURCE;
    else if (code === 'missing-field' || !leaveOut(rest, pointerTokens(pointer))) return undefined;
  }
  const checked = shapes[kind].safeParse(rest);
  if (!checked.success) return undefined;
  return { document: checked.data, stagesKnown: !problems.some(mayNameStage) };
}

/** An unknown field of a step may be the one that was to name its stage. */
function mayNameStage({ pointer, code }: ShapeProblem): boolean {
  const field = IN_STEP.exec(pointer)?.[1];
  return field !== undefined && (code === 'unknown-field' || STAGE_WORDS.some((word) => word === field));
}

/** False where there is no such field. */
function leaveOut(root: Fields, path: readonly string[]): boolean {
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce<unknown>((value, token) => (value as Fields | undefined)?.[token], root);
  if (last === undefined || typeof parent !== 'object' || parent === null || Array.isArray(parent)) return false;
  return delete (parent as Fields)[last];
}
