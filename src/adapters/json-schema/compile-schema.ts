/** The `schema` of a source, by ajv: draft 2020-12, 2019-09 or draft-07 as `$schema` says, 2020-12 by default. */
import { Ajv, MissingRefError } from 'ajv';
import type { ErrorObject, Options, ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Checked, Diagnostic } from '../../core/model/diagnostic.js';

/** Reasons named for one payload; more are counted. */
const REASONS_MAX = 10;

/** Reasons why a payload does not fit, as text; undefined when it does. */
export type PayloadCheck = (body: unknown) => string | undefined;

/**
 * Unknown keywords and formats are allowed, as JSON Schema has it: formats are annotations. Payloads are never changed.
 * Errors are all collected: a dead letter names every reason.
 */
const OPTIONS: Options = { allErrors: true, strict: false, validateFormats: false, messages: true, logger: false };

function dialectOf(schema: unknown): Ajv | Ajv2019 | Ajv2020 {
  const dialect = typeof schema === 'object' && schema !== null && '$schema' in schema ? String(schema.$schema) : '';
  if (dialect.includes('draft-07') || dialect.includes('draft-06')) return new Ajv(OPTIONS);
  return dialect.includes('2019-09') ? new Ajv2019(OPTIONS) : new Ajv2020(OPTIONS);
}

function reasonOf({ instancePath, message, params }: ErrorObject): string {
  const extra = 'additionalProperty' in params ? ` \`${String(params['additionalProperty'])}\`` : '';
  return `${instancePath === '' ? 'the payload' : instancePath} ${message ?? 'is wrong'}${extra}`;
}

function reasonsText(errors: readonly ErrorObject[]): string {
  const rest = errors.length - REASONS_MAX;
  const named = errors.slice(0, REASONS_MAX).map(reasonOf);
  return named.join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}

function refused(message: string, pointer = ''): { readonly ok: false; readonly diagnostics: readonly Diagnostic[] } {
  return { ok: false, diagnostics: [{ code: 'invalid-schema', message, pointer, severity: 'error' }] };
}

function refusedBy(errors: readonly ErrorObject[]): {
  readonly ok: false;
  readonly diagnostics: readonly Diagnostic[];
} {
  const all = errors.map((error) => refused(`This is not a JSON Schema: ${reasonOf(error)}.`, error.instancePath));
  return { ok: false, diagnostics: all.flatMap(({ diagnostics }) => diagnostics) };
}

function compile(schema: object | boolean): Checked<ValidateFunction> {
  const ajv = dialectOf(schema);
  try {
    if (ajv.validateSchema(schema) !== true) return refusedBy(ajv.errors ?? []);
    return { ok: true, value: ajv.compile(schema), warnings: [] };
  } catch (error) {
    if (error instanceof MissingRefError)
      return refused(`Nothing is found at \`${error.missingRef}\`: a schema may only refer to itself.`);
    return refused(`This is not a JSON Schema: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Compiles a JSON Schema into a check of payloads. */
export function compileSchema(schema: unknown): Checked<PayloadCheck> {
  if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null || Array.isArray(schema))) {
    return refused('A JSON Schema is a map of keywords: write `type: object`, for instance.');
  }
  const compiled = compile(schema);
  if (!compiled.ok) return compiled;
  const validate = compiled.value;
  const check: PayloadCheck = (body) => (validate(body) === true ? undefined : reasonsText(validate.errors ?? []));
  return { ok: true, value: check, warnings: compiled.warnings };
}
