import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { documentSchemas, schemaText } from '../../../src/adapters/document/json-schemas.js';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { badDocuments, goodDocuments } from './samples.js';

const folder = new URL('../../../schemas/', import.meta.url);
const schemas = documentSchemas();

describe('the JSON Schemas in schemas/', () => {
  it('are all there, and nothing else', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(schemas).sort());
  });

  it.each(Object.keys(schemas))(
    '%s is what the shapes give: run `node scripts/generate-schemas.mjs` after a build',
    (name) => {
      expect(readFileSync(new URL(name, folder), 'utf8')).toBe(schemaText(schemas[name]));
    },
  );

  it('describe every field of a document, for editors to show', () => {
    const bare: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [key, value] of Object.entries(schema)) {
        if (key === 'properties') {
          for (const [field, shape] of Object.entries(value as Record<string, object>)) {
            const told = 'description' in shape || 'const' in shape || '$ref' in shape || 'allOf' in shape;
            if (!told) bare.push(`${path}/${field}`);
            visit(shape, `${path}/${field}`);
          }
        } else visit(value, path);
      }
    };
    visit(schemas['weir.schema.json'], '');
    expect(bare).toEqual([]);
  });

  const validators = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, new Ajv({ strict: false }).compile(schema)]),
  );
  const fits = (name: string, text: string): boolean => validators[name]?.(parseYaml(text)) === true;

  it.each(goodDocuments)('accept what the parser accepts: $title', ({ text, kind }) => {
    expect(parseDocuments(text, { origin: 'api' })).toMatchObject({ ok: true });
    expect(fits('weir.schema.json', text)).toBe(true);
    for (const other of ['source', 'pattern', 'rule']) expect(fits(`${other}.schema.json`, text)).toBe(other === kind);
  });

  it.each(badDocuments)('refuse what the parser refuses: $title', ({ text }) => {
    expect(parseDocuments(text, { origin: 'api' }).ok).toBe(false);
    expect(fits('weir.schema.json', text)).toBe(false);
  });
});
