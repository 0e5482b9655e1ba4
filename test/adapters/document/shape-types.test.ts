import { expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import type { patternShape } from '../../../src/adapters/document/pattern-shape.js';
import type { ruleShape } from '../../../src/adapters/document/rule-shape.js';
import type { sourceShape } from '../../../src/adapters/document/source-shape.js';
import type {
  PatternDocument,
  RuleDocument,
  SourceDocument,
  StepDocument,
} from '../../../src/core/document/documents.js';
import type { stepShape } from '../../../src/adapters/document/pattern-shape.js';

/** The same type with everything in it readonly. */
type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** Fields by name, all the way down: a field that one side lacks changes the type. */
type Fields<T> = Frozen<Required<T>>;

it('the types of documents are those of their shapes', () => {
  expectTypeOf<Fields<z.infer<typeof sourceShape>>>().toEqualTypeOf<Fields<SourceDocument>>();
  expectTypeOf<keyof z.infer<typeof patternShape>>().toEqualTypeOf<keyof PatternDocument>();
  expectTypeOf<keyof z.infer<typeof stepShape>>().toEqualTypeOf<keyof StepDocument>();
  expectTypeOf<keyof z.infer<typeof ruleShape>>().toEqualTypeOf<keyof RuleDocument>();
  expectTypeOf<Frozen<z.infer<typeof patternShape>>>().toExtend<PatternDocument>();
  expectTypeOf<Frozen<z.infer<typeof ruleShape>>>().toExtend<RuleDocument>();
  expectTypeOf<Fields<Pick<RuleDocument, 'alert' | 'onTimeout' | 'limits' | 'key' | 'source'>>>().toEqualTypeOf<
    Fields<Pick<z.infer<typeof ruleShape>, 'alert' | 'onTimeout' | 'limits' | 'key' | 'source'>>
  >();
});
