/**
 * Canonical JSON: equal values give equal text, so that hashes of documents mean something. Object keys in UTF-16
 * order, no spaces, absent (undefined) fields left out, -0 as 0. A number JSON cannot hold (NaN, ±Infinity) becomes
 * text that no JSON value gives, so that the text stays injective.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  if (value !== null && typeof value === 'object') return canonicalObject(value as Readonly<Record<string, unknown>>);
  if (typeof value === 'number' && !Number.isFinite(value)) return `#${String(value)}`;
  return JSON.stringify(value) ?? 'null';
}

function canonicalObject(object: Readonly<Record<string, unknown>>): string {
  const fields = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort();
  return `{${fields.map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key])}`).join(',')}}`;
}
