import * as z from 'zod';
import type { StepDocument } from '../../core/document/documents.js';
import {
  documentName,
  durationOrParameter,
  expression,
  fields,
  formError,
  invalidVariable,
  PARAMETER_SCALAR,
  stageName,
  wholeNumber,
} from './shape-parts.js';
import { VARIABLE_NAME } from '../../core/document/names.js';

const COUNT_FORMS = 'a whole number or a parameter like $params.probes';

function count(least: number, description: string) {
  return z
    .union(
      [
        wholeNumber(least, description),
        z.string().regex(PARAMETER_SCALAR, { error: `wrong-type: must be ${COUNT_FORMS}.` }),
      ],
      {
        error: formError(COUNT_FORMS),
      },
    )
    .describe(description);
}

const timesShape = z
  .union(
    [
      wholeNumber(1, 'Exactly this often.'),
      z.string().regex(PARAMETER_SCALAR, { error: `wrong-type: must be ${COUNT_FORMS}, or \`{ min, max }\`.` }),
      fields({
        min: count(0, 'At least this often; 0 makes the stage optional. Default 1.').optional(),
        max: count(1, 'At most this often; without it there is no end.').optional(),
      }),
    ],
    { error: formError(`${COUNT_FORMS}, or \`{ min, max }\``) },
  )
  .describe('How many events the stage accepts: a number, { min, max } or { min }. Default: exactly one.');

/** Fields of a step of which one names its stage. */
export const STAGE_WORDS = ['begin', 'next', 'followedBy', 'followedByAny', 'notNext', 'notFollowedBy'] as const;

export const stepShape = fields({
  begin: stageName('The first step of a sequence: the name of its stage.').optional(),
  next: stageName('Strict: the very next event of the key must satisfy this stage, else the run dies.').optional(),
  followedBy: stageName('Relaxed: skips events until one satisfies this stage, and takes that one.').optional(),
  followedByAny: stageName(
    'Relaxed and open: takes an event that satisfies this stage, and also keeps waiting for others.',
  ).optional(),
  notNext: stageName('The next event of the key must not satisfy this stage.').optional(),
  notFollowedBy: stageName(
    'No event may satisfy this stage before the next step; as the last step, before `within` has passed.',
  ).optional(),
  where: expression(
    'Condition on the event, in JSONata. $<stage> are the events taken so far, $params the parameters, $key the key. Default: every event.',
  ).optional(),
  times: timesShape.optional(),
  optional: z.boolean().optional().describe('The stage may stay empty.'),
  greedy: z
    .boolean()
    .optional()
    .describe('While an event still satisfies this loop, the following stage may not take it.'),
  consecutive: z.boolean().optional().describe('No other event of the key between the events of this stage.'),
  allowCombinations: z
    .boolean()
    .optional()
    .describe('Also the combinations that leave out fitting events between those of this stage.'),
  until: expression('An event that satisfies this ends the loop for good. For `times` without `max`.').optional(),
  within: durationOrParameter(
    'Gap: each event of this stage comes less than this after the previous event of the run.',
  ).optional(),
  get sequence(): z.ZodOptional<z.ZodArray<z.ZodType<StepDocument>>> {
    return z
      .array(stepShape)
      .min(1)
      .describe('A group: a sequence of its own instead of `where`. Takes `times` and `optional`.')
      .optional();
  },
  get anyOf(): z.ZodOptional<z.ZodArray<z.ZodType<StepDocument>>> {
    return z
      .array(stepShape)
      .min(2)
      .describe(
        'Branches, each named with `begin`: the event goes to the first it satisfies. Instead of `where`; takes `times` and `optional`.',
      )
      .optional();
  },
  get allOf(): z.ZodOptional<z.ZodArray<z.ZodType<StepDocument>>> {
    return z
      .array(stepShape)
      .min(2)
      .describe(
        'Branches of one event each, named with `begin`: all of them, in any order. Instead of `where`; takes `times` and `optional`.',
      )
      .optional();
  },
}).meta({
  id: 'step',
  title: 'Step',
  description:
    'One step of a sequence. Exactly one of begin, next, followedBy, followedByAny, notNext and notFollowedBy names its stage and relates it to the step before.',
  oneOf: STAGE_WORDS.map((word) => ({ required: [word] })),
});

const skipShape = z
  .union(
    [
      z.enum(['noSkip', 'skipToNext', 'skipPastLastEvent']),
      fields({ skipToFirst: z.string().describe('Drops runs that began before the first event of this stage.') }),
      fields({ skipToLast: z.string().describe('Drops runs that began before the last event of this stage.') }),
    ],
    {
      error: formError(
        '`noSkip`, `skipToNext`, `skipPastLastEvent`, `{ skipToFirst: stage }` or `{ skipToLast: stage }`',
      ),
    },
  )
  .describe(
    'Which other runs are dropped when a match comes out: noSkip (default) none, skipToNext those that begin at the same event, skipPastLastEvent those that begin up to its last event.',
  );

const parameterShape = fields({
  type: z
    .enum(['number', 'integer', 'string', 'boolean', 'duration'])
    .describe('Type of the values. A duration is written like 10m, and is a number of milliseconds in expressions.'),
  default: z.unknown().optional().describe('Value for rules that give none.'),
  minimum: z.number().optional().describe('Smallest value allowed (of a duration: in milliseconds).'),
  maximum: z.number().optional().describe('Largest value allowed (of a duration: in milliseconds).'),
  enum: z.array(z.unknown()).min(1).optional().describe('The only values allowed.'),
  description: z.string().optional().describe('What the parameter is for.'),
}).meta({ id: 'parameter', title: 'Parameter', description: 'A value that rules may set under `with`.' });

/** What patterns with a document of their own and inline ones have in common. */
export const patternFields = {
  parameters: z
    .record(z.string().regex(VARIABLE_NAME, { error: ({ input }) => invalidVariable(input) }), parameterShape)
    .optional()
    .describe('Values that each rule can set for itself, seen as $params.<name>.'),
  within: durationOrParameter(
    'Span of a whole match, from its first to its last event, strictly less than: write 10m1ms for "at most 10m".',
  ).optional(),
  skip: skipShape.optional(),
  sequence: z.array(stepShape).min(1).describe('The steps, in order.'),
};

export const patternBodyShape = fields(patternFields).meta({
  id: 'inline-pattern',
  title: 'Pattern',
  description: 'A pattern written inside the rule that uses it.',
});

export const patternShape = fields({
  kind: z.literal('pattern'),
  name: documentName('Name of the pattern, unique among patterns.'),
  description: z.string().optional().describe('What the pattern detects.'),
  ...patternFields,
}).meta({
  id: 'pattern',
  title: 'Pattern',
  description: 'What to detect: a sequence of stages over the events of one key.',
});
