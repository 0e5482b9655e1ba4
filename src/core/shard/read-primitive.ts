/** Fields of an event, as far as an index can tell what they are. */

/** Something whose meaning an index cannot tell: a list (which JSONata goes through) or an object. */
export const UNTELLABLE = Symbol('untellable');

/** A primitive at the path, undefined for none. */
export function readPrimitive(body: unknown, fields: readonly string[]): unknown {
  let value = body;
  for (let i = 0; ; i++) {
    if (Array.isArray(value)) return UNTELLABLE;
    if (i === fields.length) break;
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[fields[i] as string];
  }
  return typeof value === 'object' && value !== null ? UNTELLABLE : value;
}
