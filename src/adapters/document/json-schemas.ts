import * as z from 'zod';
import { shapes } from './shapes.js';

/** Bounds zod writes for every whole number; they say nothing to an author. */
function dropIntegerBounds(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

function toSchema(shape: z.ZodType, title: string): z.core.JSONSchema.BaseSchema {
  const schema = z.toJSONSchema(shape, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => dropIntegerBounds(jsonSchema),
  });
  return { ...schema, title };
}

/** The JSON Schemas for editors, by file name: one per kind, and one for any document. */
export function documentSchemas(): Readonly<Record<string, z.core.JSONSchema.BaseSchema>> {
  return {
    'source.schema.json': toSchema(shapes.source, 'Weir source'),
    'pattern.schema.json': toSchema(shapes.pattern, 'Weir pattern'),
    'rule.schema.json': toSchema(shapes.rule, 'Weir rule'),
    'weir.schema.json': toSchema(
      z.discriminatedUnion('kind', [shapes.source, shapes.pattern, shapes.rule]),
      'Weir document',
    ),
  };
}

/** A schema as the text of its file. */
export function schemaText(schema: unknown): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}
