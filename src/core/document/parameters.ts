/**
 * Parameters of a pattern: what it declares, what a rule gives `with`, and the values expressions see as `$params`.
 * A `duration` is written as one and is a number of milliseconds from there on.
 */
import { DURATION_HINT, parseDuration } from './duration.js';
import type { ParameterDocument, PatternBody } from './documents.js';
import { didYouMean } from './names.js';
import { pointerTo } from './pointer.js';
import type { Finding } from './report.js';

export type Parameters = Readonly<Record<string, ParameterDocument>>;
export type ParameterValues = Readonly<Record<string, unknown>>;

const NUMERIC: ReadonlySet<ParameterDocument['type']> = new Set(['number', 'integer', 'duration']);

function typedValue(type: ParameterDocument['type'], value: unknown): unknown {
  if (type === 'duration') return parseDuration(value);
  if (type === 'integer') return Number.isSafeInteger(value) ? value : undefined;
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  return typeof value === type ? value : undefined;
}

function describeType(type: ParameterDocument['type']): string {
  if (type === 'duration') return `a duration: ${DURATION_HINT}`;
  if (type === 'string') return 'text (put it between quotes)';
  if (type === 'boolean') return 'true or false';
  return type === 'integer' ? 'a whole number' : 'a number';
}

type Typed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/** The value of a parameter as expressions see it, or why it is not one. */
function checkValue(parameter: ParameterDocument, value: unknown): Typed {
  const { type, minimum, maximum, enum: choices } = parameter;
  const typed = typedValue(type, value);
  if (typed === undefined) return { ok: false, message: `must be ${describeType(type)}` };
  if (minimum !== undefined && (typed as number) < minimum)
    return { ok: false, message: `must be at least ${minimum}` };
  if (maximum !== undefined && (typed as number) > maximum) return { ok: false, message: `must be at most ${maximum}` };
  if (choices !== undefined && !choices.some((choice) => typedValue(type, choice) === typed)) {
    return { ok: false, message: `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}` };
  }
  return { ok: true, value: typed };
}

function checkDeclaration(parameter: ParameterDocument, pointer: string): Finding[] {
  const findings: Finding[] = [];
  const wrong = (message: string, ...at: readonly (string | number)[]): void => {
    findings.push({ code: 'wrong-parameter', pointer: pointerTo(pointer, ...at), message });
  };
  const { type, minimum, maximum } = parameter;
  if (!NUMERIC.has(type)) {
    if (minimum !== undefined) wrong(`\`minimum\` is for numbers: remove it from a ${type} parameter.`, 'minimum');
    if (maximum !== undefined) wrong(`\`maximum\` is for numbers: remove it from a ${type} parameter.`, 'maximum');
  }
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
    wrong('`minimum` is above `maximum`: no value fits. Exchange them.', 'minimum');
  }
  parameter.enum?.forEach((choice, index) => {
    if (typedValue(type, choice) !== undefined) return;
    wrong(`Every value of \`enum\` must be ${describeType(type)}.`, 'enum', index);
  });
  if (parameter.default !== undefined && findings.length === 0) {
    const checked = checkValue(parameter, parameter.default);
    if (!checked.ok) wrong(`The default ${checked.message}.`, 'default');
  }
  return findings;
}

/** What is wrong with the parameters a pattern declares; `pointer` is that of the pattern. */
export function checkDeclarations(body: PatternBody, pointer: string): Finding[] {
  return Object.entries(body.parameters ?? {}).flatMap(([name, parameter]) =>
    checkDeclaration(parameter, pointerTo(pointer, 'parameters', name)),
  );
}

/** The values of a pattern without a rule: its defaults; undefined when a parameter has none. */
export function defaultValues(parameters: Parameters): ParameterValues | undefined {
  const values: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter.default === undefined) return undefined;
    values[name] = typedValue(parameter.type, parameter.default);
  }
  return values;
}

export interface ResolvedParameters {
  readonly values: ParameterValues;
  readonly findings: readonly Finding[];
}

/** The values a rule gives a pattern, defaults filled in. */
export function resolveParameters(parameters: Parameters, given: ParameterValues, pattern: string): ResolvedParameters {
  const values: Record<string, unknown> = {};
  const findings: Finding[] = [];
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(parameters, name)) continue;
    const declared = Object.keys(parameters);
    const hint = declared.length === 0 ? 'it has none' : `it has ${declared.map((other) => `\`${other}\``).join(', ')}`;
    const message = `Pattern ${pattern} has no parameter \`${name}\`: ${hint}.${didYouMean(name, declared)}`;
    findings.push({ code: 'unknown-parameter', pointer: pointerTo('/with', name), message });
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    const value = Object.hasOwn(given, name) ? given[name] : parameter.default;
    if (value === undefined) {
      const message = `Pattern ${pattern} needs the parameter \`${name}\`: give it under \`with\`, or a default in the pattern.`;
      findings.push({ code: 'missing-parameter', pointer: '/with', message });
      continue;
    }
    const checked = checkValue(parameter, value);
    if (checked.ok) values[name] = checked.value;
    else if (Object.hasOwn(given, name)) {
      const message = `The parameter \`${name}\` of pattern ${pattern} ${checked.message}.`;
      findings.push({ code: 'wrong-parameter', pointer: pointerTo('/with', name), message });
    }
  }
  return { values, findings };
}

const QUOTED = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\/\*[^]*?\*\//g;
const PARAMETER = /\$params\s*\.\s*(`?)([A-Za-z_]\w*)\1/g;

/** Parameters an expression names that nobody declares: to JSONata they would silently be missing values. */
export function undeclaredParameters(source: string, pointer: string, declared: readonly string[]): Finding[] {
  if (!source.includes('$params')) return [];
  const bare = source.replace(QUOTED, (text) => ' '.repeat(text.length));
  return [...bare.matchAll(PARAMETER)].flatMap((found) => {
    const name = found[2] ?? '';
    if (declared.includes(name)) return [];
    const message = `There is no parameter \`${name}\`: declare it under the pattern's \`parameters\`.${didYouMean(name, declared)}`;
    return [{ code: 'unknown-parameter', pointer, message, offset: found.index }];
  });
}
