/**
 * Parts that the shapes of documents are built from.
 *
 * A shape's own message is written `code: sentence`; shape-diagnostics.ts takes it apart, and puts the name of the field
 * before a sentence that begins with a small letter. Objects are strict, and their
 * message lists the fields they know, so that a wrong name can be answered with the right one.
 */
import * as z from 'zod';
import { reservedStageNames } from '../../core/expression/builtin-names.js';
import { DURATION_HINT, DURATION_PATTERN, parseDuration } from '../../core/document/duration.js';
import { DOCUMENT_NAME, VARIABLE_NAME } from '../../core/document/names.js';

/** What a strict object says when it meets a field it does not know. */
export interface KnownFields {
  readonly known: readonly string[];
  /** Fields of the language that this version refuses, each with the sentence that says what to do instead. */
  readonly refused: Readonly<Record<string, string>>;
}

/** A strict object. */
export function fields<T extends z.ZodRawShape>(
  shape: T,
  refused: KnownFields['refused'] = {},
): z.ZodObject<T, z.core.$strict> {
  const known: KnownFields = { known: Object.keys(shape), refused };
  const text = JSON.stringify(known);
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? text : undefined) });
}

function isStructure(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** JSONata. YAML reads an unquoted `{ … }` or `[ … ]` as its own, which is why it arrives here as a structure. */
export function expression(description: string) {
  const error = ({ input }: { readonly input?: unknown }): string | undefined => {
    if (input === undefined || input === null) return undefined;
    if (isStructure(input)) {
      return 'quote-expression: must be an expression, written as text: one that starts with `{` or `[` or contains `: ` must be put between quotes.';
    }
    if (input === '') return 'empty: has no expression: write one, or remove the field.';
    return `wrong-type: must be an expression, written as text: put it between quotes, \`"${String(input)}"\`.`;
  };
  return z.string({ error }).min(1, { error }).describe(description);
}

function isParameter(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('$params.');
}

const DURATION_ERROR = `invalid-duration: must be a duration: ${DURATION_HINT}.`;

const DURATION_TOO_LONG = 'invalid-duration: is too long to be counted in milliseconds: write a shorter duration.';

/** A span of time. */
export function duration(description: string) {
  return z
    .union(
      [
        z
          .string()
          .regex(DURATION_PATTERN, { error: DURATION_ERROR, abort: true })
          .refine((text) => parseDuration(text) !== undefined, { error: DURATION_TOO_LONG }),
        z
          .int({ error: ({ input }) => (input === undefined ? undefined : DURATION_ERROR) })
          .nonnegative({ error: DURATION_ERROR }),
      ],
      { error: ({ input }) => (input === undefined || input === null ? undefined : DURATION_ERROR) },
    )
    .describe(`${description} A duration like 500ms, 5s, 10m or 1h30m, or a number of milliseconds.`);
}

/** A whole scalar `$params.x`: the value of the parameter, put in when the pattern is compiled. */
export const PARAMETER_SCALAR = /^\$params\.[A-Za-z_][A-Za-z0-9_]*$/;

const DURATION_OR_PARAMETER = new RegExp(`${DURATION_PATTERN.source}|${PARAMETER_SCALAR.source}`);

/** A span of time, or a parameter that holds one. */
export function durationOrParameter(description: string) {
  const error = `${DURATION_ERROR.slice(0, -1)}, or a parameter like $params.window.`;
  return z
    .union(
      [
        z.string().regex(DURATION_OR_PARAMETER, {
          error: ({ input }) =>
            isParameter(input)
              ? `invalid-name: \`${String(input)}\` must be the name of a parameter and nothing else.`
              : error,
        }),
        z.int({ error }).nonnegative({ error }),
      ],
      { error: ({ input }) => (input === undefined || input === null ? undefined : error) },
    )
    .describe(
      `${description} A duration like 500ms, 5s, 10m or 1h30m, a number of milliseconds, or a parameter: $params.window.`,
    );
}

/** The name of a document, or a reference to one. */
export function documentName(description: string) {
  return z
    .string({
      error: ({ input }) =>
        typeof input === 'number' || typeof input === 'boolean'
          ? `wrong-type: must be text: put it between quotes, \`"${input}"\`.`
          : undefined,
    })
    .regex(DOCUMENT_NAME, {
      error: ({ input }) =>
        `invalid-name: \`${String(input)}\` is not a name: write small letters, digits and dashes, beginning with a letter or digit.`,
    })
    .describe(description);
}

/** A name that expressions use after `$`. */
export function variableName(description: string) {
  return z
    .string()
    .regex(VARIABLE_NAME, { error: ({ input }) => invalidVariable(input) })
    .describe(description);
}

export function invalidVariable(name: unknown): string {
  return `invalid-name: \`${String(name)}\` is not a name for expressions: write letters, digits and underscores, not beginning with a digit.`;
}

/** The name of a stage: expressions find its events under `$name`, so it may not hide what `$name` already means. */
export function stageName(description: string) {
  const reserved = [...reservedStageNames].sort().join(', ');
  return variableName(description).refine((name) => !reservedStageNames.has(name), {
    error: ({ input }) =>
      `reserved-name: \`$${String(input)}\` already means something in expressions: choose another name for the stage. Taken are ${reserved}.`,
  });
}

/** One of a few words, or of a few forms: `forms` says which. */
export function formError(forms: string) {
  return ({ input }: { readonly input?: unknown }): string | undefined =>
    input === undefined || input === null ? undefined : `wrong-type: must be ${forms}.`;
}

/** A whole number from `least` on. */
export function wholeNumber(least: number, description: string) {
  return z.int().min(least).describe(description);
}
