/** The shape of a `RuleExplanation` for the OpenAPI page. */
const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const whole = { type: 'integer', minimum: 0 } as const;

function record(properties: Readonly<Record<string, object>>, description?: string) {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    ...(description === undefined ? {} : { description }),
  } as const;
}

const condition = record({
  text,
  looksAt: { enum: ['event', 'run'], description: 'The event alone, or also events the run has taken.' },
  evaluatedBy: { enum: ['closures', 'library'] },
  demands: { ...texts, description: 'Constants it demands of single fields.' },
  joins: { ...texts, description: 'Equalities with earlier events.' },
});

const way = record({
  action: { enum: ['take', 'wait', 'stop'] },
  stage: { ...text, nullable: true },
  when: { ...texts, description: 'All of these hold; none for always.' },
  to: whole,
  gapMs: { type: 'number', nullable: true },
  completes: { type: 'boolean' },
});

const bound = record({
  bounded: { type: 'boolean' },
  runsPerKeyMax: whole,
  eventsPerRunMax: { ...whole, nullable: true },
  bytesPerKeyMax: { ...whole, nullable: true },
});

export const explanationSchema = record({
  rule: text,
  hash: text,
  sources: { type: 'array', items: record({ source: text, key: { ...text, nullable: true } }) },
  filter: { ...condition, nullable: true },
  conditions: { type: 'array', items: condition },
  reachedBy: record({ constants: texts, because: text }, 'How an event finds the rule among the others.'),
  executor: record({ name: { enum: ['stateless', 'runs', 'arena'] }, because: text }),
  states: {
    type: 'array',
    items: record({
      state: whole,
      kind: text,
      foundBy: { ...text, nullable: true, description: 'Runs in it are looked up by this equality.' },
      ways: { type: 'array', items: way },
    }),
  },
  withinMs: { type: 'number', nullable: true },
  skip: text,
  emit: text,
  overflow: text,
  bound: { ...bound, description: 'The most one key can hold, events of 1,024 bytes.' },
});
