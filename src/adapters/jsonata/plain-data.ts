/** Strips what the library leaves in its results: marks on its own arrays, and functions. */

interface Marked {
  readonly sequence?: true;
}

function isFunction(value: unknown): boolean {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && Object.getOwnPropertySymbols(value).length > 0;
}

function isMarked(value: readonly unknown[]): boolean {
  return (value as Marked).sequence === true;
}

/** The result as plain data; a function is nothing. Data of the input is given back as it is, not copied. */
export function plainData(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (isFunction(value)) return undefined;
  return Array.isArray(value) ? plainArray(value) : plainObject(value);
}

function plainArray(items: readonly unknown[]): unknown {
  let copy = isMarked(items) ? [...items] : undefined;
  for (let i = 0; i < items.length; i++) {
    const plain = plainData(items[i]);
    if (plain === items[i]) continue;
    copy ??= [...items];
    copy[i] = plain === undefined ? null : plain;
  }
  return copy ?? items;
}

function plainObject(object: object): unknown {
  let copy: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(object)) {
    const plain = plainData(value);
    if (plain === value) continue;
    copy ??= { ...object };
    if (plain === undefined) delete copy[key];
    else copy[key] = plain;
  }
  return copy ?? object;
}
