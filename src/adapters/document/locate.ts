import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair, Scalar } from 'yaml';
import { pointerTokens } from '../../core/document/pointer.js';
import type { YamlDocument } from './read-yaml.js';

interface Found {
  readonly node: Node | undefined;
  /** The key the value stands behind, if it is a field. */
  readonly key: Node | undefined;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function stepInto(node: Node | undefined, token: string, yaml: YamlDocument): Found | undefined {
  const target = isAlias(node) ? node.resolve(yaml) : node;
  if (isMap(target)) {
    const pair = target.items.find((item) => keyText(item) === token);
    return pair && { node: (pair.value as Node | null) ?? undefined, key: pair.key as Node };
  }
  if (!isSeq(target)) return undefined;
  const item = target.items[Number(token)] as Node | undefined;
  return item && { node: item, key: undefined };
}

/** The node at a pointer, or the last one on the way to it. */
function findNode(yaml: YamlDocument, pointer: string): Found {
  let found: Found = { node: yaml.contents ?? undefined, key: undefined };
  for (const token of pointerTokens(pointer)) {
    const next = stepInto(found.node, token, yaml);
    if (next === undefined) break;
    found = next;
  }
  return found;
}

/** Offset in the text of the value at a pointer; given `offset`, of that character of it, when it is text. */
export function locateValue(yaml: YamlDocument, text: string, pointer: string, offset?: number): number {
  const { node, key } = findNode(yaml, pointer);
  const start = node?.range?.[0] ?? key?.range?.[0] ?? yaml.range[0];
  const inText = offset !== undefined && isScalar(node) && typeof node.value === 'string';
  return inText ? locateCharacter(node, text, offset) : start;
}

/** Offset in the text of the field at a pointer: its name, not its value. */
export function locateField(yaml: YamlDocument, pointer: string): number {
  const { node, key } = findNode(yaml, pointer);
  return key?.range?.[0] ?? node?.range?.[0] ?? yaml.range[0];
}

const BLANK = /\s/;

/** Length of an escape of a double-quoted scalar that starts at a backslash. */
function escapeLength(text: string, at: number): number {
  const widths: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };
  return widths[text.charAt(at + 1)] ?? 2;
}

const CONTINUATION = /\\\r?\n/y;

/** Length of a line break that a double-quoted scalar escapes: it stands for nothing. */
function continuationLength(style: string, text: string, at: number): number {
  CONTINUATION.lastIndex = at;
  return style === 'QUOTE_DOUBLE' ? (CONTINUATION.exec(text)?.[0].length ?? 0) : 0;
}

/** The next place that is neither blank nor an escaped line break. */
function skipBlanks(style: string, text: string, from: number): number {
  for (let at = from; at < text.length;) {
    const length = BLANK.test(text.charAt(at)) ? 1 : continuationLength(style, text, at);
    if (length === 0) return at;
    at += length;
  }
  return text.length;
}

/**
 * Walks a scalar and its value together. Characters other than blanks correspond one to one, escapes counted as one;
 * blanks may be folded or be indentation, so these are skipped on either side until the next character fits.
 */
function locateCharacter(node: Scalar, text: string, offset: number): number {
  const value = String(node.value);
  const style = node.type ?? 'PLAIN';
  let at = contentStart(style, text, node.range?.[0] ?? 0);
  for (let i = 0; ; i++) {
    const blank = BLANK.test(value.charAt(i));
    if (!blank) at = skipBlanks(style, text, at);
    if (i >= offset || at >= text.length) return Math.min(at, text.length);
    const escaped = style === 'QUOTE_DOUBLE' && text.charAt(at) === '\\' && continuationLength(style, text, at) === 0;
    if (!blank || escaped || BLANK.test(text.charAt(at))) at += unitLength(style, text, at);
  }
}

function contentStart(style: string, text: string, begin: number): number {
  if (style.startsWith('QUOTE')) return begin + 1;
  if (!style.startsWith('BLOCK')) return begin;
  const lineEnd = text.indexOf('\n', begin);
  return lineEnd < 0 ? begin : lineEnd + 1;
}

/** How much of the text gives one character of the value. */
function unitLength(style: string, text: string, at: number): number {
  if (style === 'QUOTE_DOUBLE' && text.charAt(at) === '\\') return escapeLength(text, at);
  return style === 'QUOTE_SINGLE' && text.startsWith("''", at) ? 2 : 1;
}
