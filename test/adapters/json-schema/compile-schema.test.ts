import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../../src/adapters/json-schema/compile-schema.js';

function check(schema: unknown) {
  const compiled = compileSchema(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  return compiled.value;
}

const PERSON = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
};

describe('the schema of a source', () => {
  it('lets through what fits, unchanged', () => {
    const body = Object.freeze({ name: 'x', age: 3, more: [] });
    expect(check(PERSON)(body)).toBeUndefined();
    expect(check(true)(null)).toBeUndefined();
  });

  it('names every reason why a payload does not fit', () => {
    const reasons = check({ ...PERSON, additionalProperties: false })({ age: -1, other: 1 });
    expect(reasons).toContain("'name'");
    expect(reasons).toContain('/age must be >= 0');
    expect(reasons).toContain('`other`');
  });

  it('names the first ten reasons and counts the rest', () => {
    const reasons = check({ items: { type: 'string' } })(Array.from({ length: 30 }, (_, i) => i)) ?? '';
    expect(reasons.split(';')).toHaveLength(11);
    expect(reasons).toContain('and 20 more');
  });

  it('may be of the drafts in use, with formats and keywords nobody knows', () => {
    for (const draft of [
      'http://json-schema.org/draft-07/schema#',
      'https://json-schema.org/draft/2019-09/schema',
      'https://json-schema.org/draft/2020-12/schema',
    ]) {
      expect(check({ $schema: draft, type: 'string', format: 'date', 'x-owner': 'me' })(1)).toContain('must be string');
    }
    expect(check({ prefixItems: [{ type: 'string' }] })([1])).toContain('/0');
  });

  it.each([
    ['a keyword with a wrong value', { type: 'objekt' }, '/type'],
    ['deep inside', { properties: { a: { minimum: 'x' } } }, '/properties/a/minimum'],
    ['a list', [], ''],
    ['text', 'object', ''],
    ['nothing', null, ''],
    ['a reference to nowhere', { $ref: '#/definitions/x' }, ''],
    ['a reference elsewhere', { $ref: 'https://example.org/x.json' }, ''],
    ['a broken regular expression', { pattern: '(' }, ''],
    ['an unknown draft', { $schema: 'https://example.org/draft' }, ''],
  ])('is refused when it is none: %s', (_, schema, pointer) => {
    const compiled = compileSchema(schema);
    expect(compiled.ok ? [] : compiled.diagnostics).toContainEqual(
      expect.objectContaining({ code: 'invalid-schema', pointer }),
    );
  });

  it('two schemas with the same $id do not meet', () => {
    for (const type of ['string', 'number']) check({ $id: 'https://example.org/a', type });
  });

  it('nothing makes it throw', () => {
    const keyword = fc.constantFrom(
      'type',
      'properties',
      'items',
      '$ref',
      '$id',
      'enum',
      'pattern',
      'allOf',
      'minimum',
      '$schema',
      '$defs',
    );
    fc.assert(
      fc.property(fc.dictionary(keyword, fc.jsonValue()), (schema) => typeof compileSchema(schema).ok === 'boolean'),
    );
  });
});
