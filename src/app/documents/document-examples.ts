import type { PatternDocument, RuleDocument, SourceDocument } from '../../core/document/documents.js';

/** The documents shown on the OpenAPI page; together they are a working set. */
export const documentExamples: Readonly<{ source: SourceDocument; pattern: PatternDocument; rule: RuleDocument }> = {
  source: {
    kind: 'source',
    name: 'payments',
    nats: { stream: 'PAYMENTS', subjects: ['payments.>'] },
    event: { time: 'ts', type: 'type' },
    watermark: { maxOutOfOrderness: '5s', idleAfter: '30s' },
    late: 'sideOutput',
  },
  pattern: {
    kind: 'pattern',
    name: 'card-testing',
    parameters: { small: { type: 'number', default: 5 } },
    within: '10m',
    skip: 'skipPastLastEvent',
    sequence: [
      { begin: 'probe', where: "type = 'auth' and amount <= $params.small", times: { min: 3 } },
      { followedBy: 'hit', where: 'amount > 500' },
    ],
  },
  rule: {
    kind: 'rule',
    name: 'card-testing-eu',
    source: 'payments',
    key: 'card',
    where: "region = 'EU'",
    pattern: 'card-testing',
    with: { small: 2 },
    alert: { severity: 'high', subject: 'fraud.card-testing', title: "'Card ' & $key", throttle: '10m' },
  },
};
