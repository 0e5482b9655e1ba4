/** The shape of every kind of document, once: validation and JSON Schemas both come from here. */
import type * as z from 'zod';
import type { DocumentKind, WeirDocument } from '../../core/document/documents.js';
import { patternShape } from './pattern-shape.js';
import { ruleShape } from './rule-shape.js';
import { sourceShape } from './source-shape.js';

export const shapes = {
  source: sourceShape,
  pattern: patternShape,
  rule: ruleShape,
} as const satisfies Record<DocumentKind, z.ZodType<WeirDocument>>;

export const documentKinds = Object.keys(shapes) as readonly DocumentKind[];
