/** From what zod says to sentences that say what is wrong and how to mend it. */
import type * as z from 'zod';
import { didYouMean } from '../../core/document/names.js';
import { pointerTo } from '../../core/document/pointer.js';
import type { KnownFields } from './shape-parts.js';

/** Something wrong with the shape of a document. */
export interface ShapeProblem {
  readonly code: string;
  readonly message: string;
  readonly pointer: string;
  /** True if it is the field's name that is wrong, not its value. */
  readonly atName: boolean;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

function pointerOf(path: Path): string {
  return pointerTo('', ...path.map((token) => (typeof token === 'number' ? token : String(token))));
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, token) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined;
    return (value as Record<PropertyKey, unknown>)[token];
  }, root);
}

/** How a sentence begins that is about a value. */
function subjectOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'The document';
  if (typeof last !== 'number') return `\`${String(last)}\``;
  const list = path.at(-2);
  return list === undefined ? `Item ${last + 1}` : `Item ${last + 1} of \`${String(list)}\``;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of fields',
  record: 'a map of fields',
};

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map of fields';
  if (typeof value === 'string') return `the text ${JSON.stringify(value)}`;
  return `\`${String(value)}\``;
}

/** True if the value is not even of the kind this branch of a union is about. */
function misses(issues: readonly Issue[]): boolean {
  return issues.some(
    ({ path, code }) => path.length === 0 && ['invalid_type', 'invalid_value', 'invalid_union'].includes(code),
  );
}

class ShapeReader {
  readonly problems: ShapeProblem[] = [];
  private readonly refusedIn = new Set<string>();

  constructor(private readonly root: unknown) {}

  private add(code: string, path: Path, message: string, atName = false): void {
    this.problems.push({ code, message, pointer: pointerOf(path), atName });
  }

  read(issues: readonly Issue[], base: Path = []): void {
    for (const issue of issues) {
      const path = [...base, ...issue.path];
      if (issue.code === 'unrecognized_keys') this.unknownFields(issue.keys, issue.message, path);
      else if (issue.code === 'invalid_union') this.union(issue, path);
      else if (issue.code === 'invalid_key') this.wrongName(issue.issues as Issue[], path);
      else this.value(issue, path);
    }
  }

  /** Fields that are missing because the author used what is refused are no news. */
  result(): ShapeProblem[] {
    return this.problems.filter(({ code, pointer }) => {
      return code !== 'missing-field' || !this.refusedIn.has(pointer.slice(0, pointer.lastIndexOf('/')));
    });
  }

  private wrongName(issues: readonly Issue[], path: Path): void {
    const before = this.problems.length;
    this.read(issues, path);
    for (let i = before; i < this.problems.length; i++)
      this.problems[i] = { ...(this.problems[i] as ShapeProblem), atName: true };
  }

  private unknownFields(keys: readonly string[], text: string, path: Path): void {
    const { known, refused } = JSON.parse(text) as KnownFields;
    for (const key of keys) {
      const sentence = Object.hasOwn(refused, key) ? refused[key] : undefined;
      if (sentence !== undefined) {
        this.refusedIn.add(pointerOf(path));
        this.add('not-supported', [...path, key], sentence, true);
        continue;
      }
      const others = known.map((name) => `\`${name}\``).join(', ');
      const message = `There is no field \`${key}\` here.${didYouMean(key, known)} Known are ${others}.`;
      this.add('unknown-field', [...path, key], message, true);
    }
  }

  private union(issue: Issue & { code: 'invalid_union' }, path: Path): void {
    const fitting = issue.errors.filter((branch) => branch.length > 0 && !misses(branch as Issue[]));
    const best = fitting.sort((a, b) => a.length - b.length)[0];
    if (best !== undefined) this.read(best as Issue[], path);
    else this.value(issue, path);
  }

  private value(issue: Issue, path: Path): void {
    const value = valueAt(this.root, path);
    const coded = /^([a-z][a-z-]*): ([^]*)$/.exec(issue.message);
    if (coded !== null) {
      const sentence = coded[2] ?? '';
      this.add(coded[1] ?? '', path, /^[a-z]/.test(sentence) ? `${subjectOf(path)} ${sentence}` : sentence);
    } else if (value === undefined) this.missing(path);
    else if (value === null)
      this.add('empty', path, `${subjectOf(path)} has no value: write one, or remove the field.`);
    else this.plain(issue, path, value);
  }

  private missing(path: Path): void {
    const where = path.length === 1 ? 'The document' : subjectOf(path.slice(0, -1));
    this.add('missing-field', path, `${where} needs the field \`${String(path.at(-1))}\`: add it.`);
  }

  private plain(issue: Issue, path: Path, value: unknown): void {
    const subject = subjectOf(path);
    if (issue.code === 'invalid_value') {
      const words = issue.values.map(String);
      const near = typeof value === 'string' ? didYouMean(value, words) : '';
      this.add(
        'invalid-value',
        path,
        `${subject} is ${describeValue(value)}, but must be one of ${words.join(', ')}.${near}`,
      );
    } else if (issue.code === 'invalid_type') {
      const expected = EXPECTED[issue.expected] ?? issue.expected;
      this.add(
        'wrong-type',
        path,
        `${subject} must be ${expected}, but is ${describeValue(value)}${quoteHint(issue.expected, value)}.`,
      );
    } else if (issue.code === 'too_small' || issue.code === 'too_big') this.size(issue, path, value);
    else
      this.add('invalid-value', path, `${subject} is ${describeValue(value)}, which is not allowed: ${issue.message}.`);
  }

  private size(issue: Issue & { code: 'too_small' | 'too_big' }, path: Path, value: unknown): void {
    const bound = issue.code === 'too_small' ? `at least ${String(issue.minimum)}` : `at most ${String(issue.maximum)}`;
    const counted = Array.isArray(value)
      ? `have ${bound} items`
      : typeof value === 'string'
        ? `have ${bound} characters`
        : `be ${bound}`;
    this.add('invalid-value', path, `${subjectOf(path)} must ${counted}.`);
  }
}

function quoteHint(expected: string, value: unknown): string {
  return expected === 'string' && typeof value !== 'object' ? `: put it between quotes, \`"${String(value)}"\`` : '';
}

/** Everything wrong with the shape of a document. */
export function shapeProblems(root: unknown, issues: readonly Issue[]): ShapeProblem[] {
  const reader = new ShapeReader(root);
  reader.read(issues);
  return reader.result();
}
