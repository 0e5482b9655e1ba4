/**
 * Compiles sources of one form once: thousands of conditions that differ in constants share one syntax tree, one set of checks and
 * one set of closures, which read the constants from the scope. Each is exactly what it would be compiled by itself
 * (test/adapters/jsonata/shared-forms.test.ts).
 */
import type { CheckedSource } from './check-source.js';
import { checkSource, resultOf } from './check-source.js';
import type { ExpressionCompiler, ExpressionNames, ExpressionResult } from './expression.js';
import type { ExpressionLibrary } from './library.js';
import type { SharedCode } from './form-expression.js';
import { FormExpression, shareCode } from './form-expression.js';
import type { ConstantPlace } from './literal-slots.js';
import { constantsOf, findSlots } from './literal-slots.js';
import { namesText } from './names-text.js';
import type { SourceForm, SourceLiteral } from './source-form.js';
import { formOf } from './source-form.js';

/** Sources of a form that are compiled by themselves: a literal in its closure is a little faster than a constant of the scope. */
const ALONE_MAX = 8;

/** What is known of the sources of one form over the same names. */
interface Form {
  seen: number;
  /** The first source that was not compiled alone says how the form's literals are used; undefined before. */
  use: FormUse | undefined;
}

interface FormUse {
  readonly constants: readonly ConstantPlace[];
  readonly fixed: readonly number[];
  /** By the values of the fixed literals; `alone` where the tree has no closures. */
  readonly codes: Map<string, SharedCode | 'alone'>;
}

/** Holds what it shares as long as it lives: for one compilation of a set of documents. */
export class SharedForms implements ExpressionCompiler {
  private readonly forms = new Map<string, Form>();

  /** `aloneMax`: how many sources of a form are compiled by themselves. What they mean does not depend on it. */
  constructor(
    private readonly library: ExpressionLibrary,
    private readonly options = { aloneMax: ALONE_MAX },
  ) {}

  compile(source: string, names: ExpressionNames): ExpressionResult {
    const parts = formOf(source);
    const form = parts === undefined ? undefined : this.formNamed(`${namesText(names)} ${parts.text}`);
    if (parts === undefined || form === undefined || form.seen++ < this.options.aloneMax)
      return this.compileAlone(source, names);
    const known = form.use?.codes.get(fixedText(form.use.fixed, parts.literals));
    if (known === 'alone') return this.compileAlone(source, names);
    if (known !== undefined && form.use !== undefined)
      return { ok: true, expression: this.expressionOf(source, known, form.use, parts.literals) };
    return this.compileFirst(source, names, { form, parts });
  }

  private formNamed(name: string): Form {
    let form = this.forms.get(name);
    if (form === undefined) {
      form = { seen: 0, use: undefined };
      this.forms.set(name, form);
    }
    return form;
  }

  private compileAlone(source: string, names: ExpressionNames): ExpressionResult {
    const checked = checkSource(this.library, source, names);
    return checked.ok ? resultOf(checked.value, names) : checked;
  }

  private expressionOf(
    source: string,
    code: SharedCode,
    use: FormUse,
    literals: readonly SourceLiteral[],
  ): FormExpression {
    return new FormExpression(source, code, constantsOf(use.constants, literals));
  }

  /** The first source of the form with these fixed literals. */
  private compileFirst(
    source: string,
    names: ExpressionNames,
    of: { form: Form; parts: SourceForm },
  ): ExpressionResult {
    const checked = checkSource(this.library, source, names);
    if (!checked.ok) return checked;
    const { form, parts } = of;
    const { constants, fixed, slotOf } = findSlots(checked.value.program.ast, parts.literals);
    form.use ??= { constants, fixed, codes: new Map() };
    const code = constants.length === 0 ? undefined : this.share(checked.value, names, slotOf);
    form.use.codes.set(fixedText(fixed, parts.literals), code ?? 'alone');
    if (code === undefined) return resultOf(checked.value, names);
    return { ok: true, expression: this.expressionOf(source, code, form.use, parts.literals) };
  }

  private share(checked: CheckedSource, names: ExpressionNames, slotOf: SharedCode['slotOf']): SharedCode | undefined {
    return shareCode(checked, names, { slotOf, library: this.library });
  }
}

function fixedText(fixed: readonly number[], literals: readonly SourceLiteral[]): string {
  return fixed.length === 0 ? '' : JSON.stringify(fixed.map((at) => literals[at]?.value));
}
