/**
 * YAML 1.2 (of which JSON is a part), core schema: `no`, `2026-01-01` and the like stay text, tags and merge keys mean
 * nothing. The tokens are looked at before anything recursive sees them, so that no text can exhaust the stack.
 */
import { Composer, Parser, visit } from 'yaml';
import type { CST, Document, ParsedNode, YAMLError } from 'yaml';
import { expectedAt } from './expected-syntax.js';
import { SourceText } from './source-text.js';
import { textLimits } from './text-limits.js';

export type YamlDocument = Document.Parsed<ParsedNode>;

/** Something wrong with the syntax at an offset of the text. */
export interface SyntaxProblem {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
}

/** One document of a text. */
export interface YamlReading {
  /** Undefined when it is nested too deeply to be composed. */
  readonly yaml: YamlDocument | undefined;
  readonly problems: readonly SyntaxProblem[];
}

const OPTIONS = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  stringKeys: true,
  prettyErrors: false,
  logLevel: 'silent',
  strict: true,
  uniqueKeys: true,
} as const;

type Children = readonly (CST.Token | null | undefined)[];

function childrenOf(token: CST.Token): Children {
  if (token.type === 'document') return [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap((item): Children => ('key' in item ? [item.key, item.value] : [item.value]));
}

/** Offset of the first collection that lies too deep, if any; walks without recursion. */
function tooDeepAt(root: CST.Token): number | undefined {
  let level: CST.Token[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > textLimits.depthMax) return level[0]?.offset;
    level = level.flatMap((token) => childrenOf(token).filter((child) => child != null));
  }
  return undefined;
}

const QUOTE_HINT =
  'An expression that contains `: ` or starts with [ { * & ! % @ ` or a quote must stand between quotes as a whole, or on lines of its own below `|`.';

/** What the author of an unquoted expression gets to see from YAML. */
const QUOTE_CODES = new Set(['BLOCK_AS_IMPLICIT_KEY', 'BAD_SCALAR_START', 'TAG_RESOLVE_FAILED', 'BAD_ALIAS']);

/** `key: value` where the value looks like an expression that YAML takes for something else. */
const UNQUOTED = /^\s*(?:- +)?["']?[\w.-]+["']?:\s+(?:[[{*&!%@`'"]|\S.*: )/;

/** True if the line of an offset, or the one before it, where YAML may have gone astray, holds such a value. */
function nearUnquoted(text: string, offset: number): boolean {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const before = lineStart === 0 ? 0 : text.lastIndexOf('\n', lineStart - 2) + 1;
  const lineEnd = text.indexOf('\n', offset);
  const lines = text.slice(before, lineEnd < 0 ? undefined : lineEnd).split('\n');
  return lines.some((line) => UNQUOTED.test(line));
}

function problemOf({ code, message, pos }: YAMLError, yaml: YamlDocument, source: SourceText): SyntaxProblem {
  const offset = pos[0];
  const { text } = source;
  if (code === 'DUPLICATE_KEY') {
    return {
      code: 'duplicate-key',
      offset,
      message: 'This field is given twice in the same place: remove one of them.',
    };
  }
  const expected = expectedAt({ code, message, offset }, yaml, source);
  const sentence = `${message.replace(/[.:]?\s*$/, '')}.${expected === undefined ? '' : ` ${expected}`}`;
  if (!QUOTE_CODES.has(code) && !nearUnquoted(text, offset)) {
    return { code: 'yaml-syntax', offset, message: `This is not YAML: ${sentence}` };
  }
  return { code: 'quote-expression', offset, message: `This is not YAML: ${sentence} ${QUOTE_HINT}` };
}

/** Aliases that stand for nothing, for something around them, or that are too many. */
function aliasProblems(yaml: YamlDocument): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  let count = 0;
  visit(yaml, {
    Alias(_, alias) {
      count++;
      const offset = alias.range?.[0] ?? 0;
      const target = alias.resolve(yaml);
      if (target === undefined) {
        const message = `There is no anchor \`&${alias.source}\`. ${QUOTE_HINT}`;
        problems.push({ code: 'quote-expression', offset, message });
      } else if ((target.range?.[0] ?? 0) <= offset && offset < (target.range?.[2] ?? 0)) {
        problems.push({
          code: 'yaml-syntax',
          offset,
          message: 'The alias stands inside what it stands for: write it out.',
        });
      }
    },
  });
  if (count > textLimits.aliasesMax) problems.push(tooManyAliases(yaml));
  return problems;
}

function tooManyAliases(yaml: YamlDocument): SyntaxProblem {
  const message = `The aliases of this document stand for too much (the limit is ${textLimits.aliasesMax}): write the values out.`;
  return { code: 'too-many-aliases', offset: yaml.contents?.range[0] ?? yaml.range[0], message };
}

/** One problem per line, the first few: the rest follow from them. */
function firstPerLine(problems: readonly SyntaxProblem[], text: string): SyntaxProblem[] {
  const lines = new Set<number>();
  const sorted = [...problems].sort((a, b) => a.offset - b.offset);
  const first = sorted.filter(({ offset }) => {
    const line = text.lastIndexOf('\n', offset - 1);
    return !lines.has(line) && lines.add(line);
  });
  return first.slice(0, textLimits.syntaxErrorsMax);
}

function readOne(yaml: YamlDocument, source: SourceText): YamlReading {
  const errors = [...yaml.errors, ...yaml.warnings].map((error) => problemOf(error, yaml, source));
  const problems = firstPerLine([...errors, ...aliasProblems(yaml)], source.text);
  return { yaml, problems };
}

/** The documents of a text, with what is wrong with the syntax of each. */
export function readYaml(text: string): readonly YamlReading[] {
  const tokens: CST.Token[] = [];
  for (const token of new Parser().parse(text)) {
    const deep = tooDeepAt(token);
    if (deep !== undefined) {
      const message = `Nested more than ${textLimits.depthMax} deep: write it flatter.`;
      return [{ yaml: undefined, problems: [{ code: 'too-deep', message, offset: deep }] }];
    }
    tokens.push(token);
  }
  const readings: YamlReading[] = [];
  const source = new SourceText(text);
  for (const yaml of new Composer(OPTIONS).compose(tokens, false, text.length)) {
    readings.push(readOne(yaml as YamlDocument, source));
  }
  return readings;
}

/** The plain value of a document, or why it has none. */
export function valueOf(yaml: YamlDocument): { readonly value: unknown } | SyntaxProblem {
  try {
    return { value: yaml.toJS({ maxAliasCount: textLimits.aliasesMax }) as unknown };
  } catch (error) {
    if (error instanceof ReferenceError) return tooManyAliases(yaml);
    throw error;
  }
}
