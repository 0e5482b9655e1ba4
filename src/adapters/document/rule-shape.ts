import * as z from 'zod';
import { limits } from '../../core/limits.js';
import { patternBodyShape } from './pattern-shape.js';
import { documentName, duration, expression, fields, formError, wholeNumber } from './shape-parts.js';

const severityShape = z.enum(['info', 'low', 'medium', 'high', 'critical']);

const alertShape = fields({
  severity: severityShape.optional().describe('How bad it is. Default medium.'),
  subject: z
    .string()
    .min(1)
    .optional()
    .describe("Published on <prefix>.<severity>.<subject>. Default: the rule's name."),
  title: expression(
    'One line for people, as a JSONata expression: text stands between quotes. $ is the last event of the match, $<stage> the events of a stage, $key the key.',
  ).optional(),
  payload: expression(
    'Data of the alert, as a JSONata expression. Put it between quotes when it starts with `{`.',
  ).optional(),
  throttle: duration(
    'At most one alert per key in this span of event time; the next one says how many were held back.',
  ).optional(),
  include: z
    .enum(['events', 'ids'])
    .optional()
    .describe('Whether the alert carries the `events` (default) of the match or only their `ids`.'),
}).meta({ id: 'alert', title: 'Alert', description: 'What is published.' });

const timeoutShape = fields({
  alert: alertShape.optional(),
  unmatchedOnly: z
    .boolean()
    .optional()
    .describe('Leave out runs that had matched already and could still have grown. Default true.'),
}).describe(
  'Alert on runs whose time ran out before they were complete. Severity and subject default to those of `alert`.',
);

const keyPart = () => expression('Part of the key.');
const keyForms = 'an expression, a list of them, or a map with one of these per source';
const keyOfSource = z.union([keyPart(), z.array(keyPart()).min(1)], {
  error: formError('an expression or a list of them'),
});

const keyShape = z
  .union([keyPart(), z.array(keyPart()).min(1), z.record(z.string(), keyOfSource)], { error: formError(keyForms) })
  .describe(
    'What events belong together by: a JSONata expression, a list for a composite key, or a map with one of these per source. Without it all events share one key.',
  );

const SOURCE_FORMS = 'the name of a source or a list of them';

function sourceError({ input }: { readonly input?: unknown }): string | undefined {
  if (typeof input === 'object' && input !== null && 'alerts' in input) {
    return 'not-supported: reads the alerts of another rule, which is not supported yet: name a source document.';
  }
  return formError(SOURCE_FORMS)({ input });
}

const ruleSource = z
  .union([documentName('Name of a source.'), z.array(documentName('Name of a source.')).min(1)], { error: sourceError })
  .describe('Source of the events, or a list: merged in order of event time.');

const limitsShape = fields({
  runsPerKey: wholeNumber(1, `Most runs alive for one key at a time, up to ${limits.runsPerKeyMax} (the default).`)
    .max(limits.runsPerKeyMax)
    .optional(),
  overflow: z
    .enum(['dropOldest', 'dropNewest'])
    .optional()
    .describe(
      'Beyond it, dropOldest (default) drops the run with the smallest first event, dropNewest refuses the new one. Each is counted.',
    ),
}).describe('Bounds on the state of the rule.');

const testEventShape = z
  .looseObject({
    at: duration('Event time, from the start of the test.'),
    repeat: wholeNumber(1, 'How many such events.').optional(),
    every: duration('Time from one repetition to the next.').optional(),
  })
  .describe('An event: every field besides at, repeat and every is its payload.');

const expectShape = fields({
  at: duration('Time of the match, from the start of the test.'),
  key: z.unknown().optional().describe('Key of the alert.'),
  kind: z.enum(['match', 'timeout']).optional().describe('A complete match, or one whose time ran out.'),
  severity: severityShape.optional().describe('Severity of the alert.'),
  subject: z.string().optional().describe('Subject of the alert, below its severity.'),
  title: z.string().optional().describe('Title of the alert, as text.'),
  payload: z.unknown().optional().describe('Payload of the alert.'),
  suppressed: wholeNumber(0, 'Alerts the throttle held back before this one.').optional(),
}).describe('An expected alert; only the fields written here are compared.');

const testShape = fields({
  name: z.string().min(1).describe('What the test shows, as a sentence.'),
  events: z.array(testEventShape).describe('What happens, in virtual time.'),
  expect: z.array(expectShape).describe('Exactly these alerts, in order; [] when the rule must stay silent.'),
  until: duration('The test ends here. Default: after every deadline.').optional(),
}).meta({
  id: 'test',
  title: 'Test',
  description: 'Events and the alerts they must give; run before the rule is applied.',
});

const WINDOWS = 'is not supported yet: write a pattern, for instance with `times` and `within`.';

const refusedFields = {
  window: `\`window\` ${WINDOWS}`,
  aggregate: `\`aggregate\` ${WINDOWS}`,
  having: `\`having\` ${WINDOWS}`,
  firstSeen: '`firstSeen` is not supported yet: write a pattern.',
  withFrom: '`withFrom` is not supported yet: give the parameters under `with`.',
};

export const ruleShape = fields(
  {
    kind: z.literal('rule'),
    name: documentName('Name of the rule, unique among rules.'),
    description: z.string().optional().describe('What the rule is for, and what to do about its alerts.'),
    source: ruleSource,
    key: keyShape.optional(),
    where: expression(
      'Filter before the pattern: events that do not satisfy it are not there for this rule.',
    ).optional(),
    pattern: z
      .union([documentName('Name of a pattern.'), patternBodyShape], {
        error: formError('the name of a pattern, or a pattern written inline'),
      })
      .describe('What to detect: the name of a pattern document, or a pattern written inline.'),
    with: z.record(z.string(), z.unknown()).optional().describe("Values of the pattern's parameters."),
    alert: alertShape.optional(),
    onTimeout: timeoutShape.optional(),
    emit: z
      .enum(['ordered', 'eager'])
      .optional()
      .describe(
        '`ordered` (default): with a skip strategy, a match waits for runs that began earlier. `eager`: it leaves as soon as it is complete; the set of matches may differ.',
      ),
    mode: z
      .enum(['active', 'shadow', 'paused'])
      .optional()
      .describe('`active` (default); `shadow`: alerts are recorded, not published; `paused`: not evaluated.'),
    onUpdate: z
      .enum(['drain', 'keep', 'restart'])
      .optional()
      .describe(
        'What becomes of runs when the rule changes: `drain` (default) lets them finish under the old version, `keep` carries them on under the new conditions, `restart` drops them.',
      ),
    limits: limitsShape.optional(),
    tests: z.array(testShape).optional().describe('Tests of the rule; a failing one refuses the change.'),
  },
  refusedFields,
).meta({ id: 'rule', title: 'Rule', description: 'Which events, whose, what they must do, and what to say then.' });
