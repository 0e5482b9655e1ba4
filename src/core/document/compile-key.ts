import type { ExpressionCompiler } from '../expression/expression.js';
import type { RuleDocument } from './documents.js';
import { didYouMean } from './names.js';
import type { KeyPlan } from './plans.js';
import { pointerTo } from './pointer.js';
import { EVENT_NAMES } from './report.js';
import type { ExpressionReader, Report } from './report.js';

type KeyForm = string | readonly string[] | undefined;

/** A key's expressions see the event alone: rules with the same text share the work of computing it. */
function compileForm(form: KeyForm, pointer: string, reader: ExpressionReader): KeyPlan {
  const composite = typeof form === 'object';
  const sources = form === undefined ? [] : composite ? form : [form];
  const parts = sources.map((part, index) => reader.read(part, composite ? pointerTo(pointer, index) : pointer));
  const text = form === undefined ? '' : JSON.stringify(form);
  return { parts: parts.filter((part) => part !== undefined), composite, text };
}

type KeyMap = Exclude<RuleDocument['key'], KeyForm>;

function isPerSource(key: RuleDocument['key']): key is KeyMap {
  return typeof key === 'object' && !Array.isArray(key);
}

function checkPerSource(key: KeyMap, sources: readonly string[], report: Report): void {
  for (const name of Object.keys(key)) {
    if (sources.includes(name)) continue;
    const message = `\`${name}\` is not a source of this rule (${sources.join(', ')}): remove its key, or add it to \`source\`.${didYouMean(name, sources)}`;
    report.error('unknown-source', pointerTo('/key', name), message);
  }
  for (const name of sources) {
    if (Object.hasOwn(key, name)) continue;
    report.error(
      'missing-key',
      '/key',
      `There is no key for the source \`${name}\`: a map of keys must name every source of the rule.`,
    );
  }
  const lengths = new Set(Object.values(key).map((form) => (typeof form === 'string' ? 0 : form.length)));
  if (lengths.size > 1) {
    report.warn(
      'keys-differ',
      '/key',
      'The keys of the sources have different forms, so their events may never meet: give each the same number of parts.',
    );
  }
}

/** The key of a rule for each of its sources. */
export function compileKeys(
  rule: RuleDocument,
  sources: readonly string[],
  report: Report,
  reader: ExpressionReader,
): ReadonlyMap<string, KeyPlan> {
  const { key } = rule;
  if (!isPerSource(key)) {
    const plan = compileForm(key, '/key', reader);
    return new Map(sources.map((name) => [name, plan]));
  }
  checkPerSource(key, sources, report);
  const named = sources.filter((name) => Object.hasOwn(key, name));
  return new Map(named.map((name) => [name, compileForm(key[name], pointerTo('/key', name), reader)]));
}

/** The plan of a key by its canonical text, which was compiled before. */
export function keyPlanOfText(text: string, expressions: ExpressionCompiler): KeyPlan {
  const form = text === '' ? undefined : (JSON.parse(text) as string | readonly string[]);
  const composite = typeof form === 'object';
  const sources = form === undefined ? [] : composite ? form : [form];
  const parts = sources.flatMap((source) => {
    const compiled = expressions.compile(source, EVENT_NAMES);
    return compiled.ok ? [compiled.expression] : [];
  });
  return { parts, composite, text };
}
