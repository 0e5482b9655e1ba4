/** Documents that are right, with every field there is, and documents with one thing wrong. */

const everySource = `kind: source
name: payments
nats: { stream: PAYMENTS, subjects: ["payments.>"], onGap: refuse }
start: { time: 2026-01-01T00:00:00Z }
event: { body: data, each: readings, time: ts, id: tx, type: type, order: seq }
watermark: { maxOutOfOrderness: 5s, by: [host, channel], idleAfter: 30s, maxFuture: 5m }
late: sideOutput
schema: { type: object, anything: [goes] }
`;

const fileSource = `kind: source
name: calls
file: { path: data/x.csv.gz, format: csv, columns: { amount: number, at: string } }
event: { time: arrival, arrival: at }
watermark: { by: host }
`;

const everyPattern = `kind: pattern
name: card-testing
description: small charges, then a large one
parameters:
  small: { type: number, default: 5, minimum: 0, maximum: 10, description: what is small }
  probes: { type: integer, default: 3, enum: [3, 4] }
  gap: { type: duration, default: 2m }
within: 10m
skip: { skipToFirst: probe }
sequence:
  - begin: probe
    where: type = 'auth' and amount <= $params.small
    times: { min: $params.probes, max: 9 }
    greedy: true
    consecutive: true
  - notFollowedBy: chargeback
    where: type = 'chargeback'
  - followedBy: hit
    where: amount > 500 and merchant != $probe[0].merchant
    within: $params.gap
  - followedByAny: group
    times: 2
    optional: true
    sequence:
      - begin: one
        times: $params.probes
        allowCombinations: true
      - next: two
        times: { min: 1 }
        until: stop
  - notNext: last
`;

const everyRule = `kind: rule
name: card-testing-eu
description: for the EU
source: [payments, logins]
key: { payments: card, logins: [user.card, user.name] }
where: region = 'EU'
pattern: card-testing
with: { small: 2 }
alert:
  severity: high
  subject: fraud.card-testing
  title: "'Card ' & $key"
  payload: "{ 'amounts': $probe.amount[] }"
  throttle: 10m
  include: ids
onTimeout: { alert: { severity: low }, unmatchedOnly: false }
emit: eager
mode: shadow
onUpdate: keep
limits: { runsPerKey: 10000, overflow: dropOldest }
tests:
  - name: three probes and a hit
    until: 1h
    events:
      - { at: 0s, type: auth, region: EU }
      - { at: 10s, repeat: 2, every: 5s, type: auth }
    expect:
      - { at: 1m, key: [c1, 2], kind: match, severity: high, subject: a, title: x, payload: { a: 1 }, suppressed: 0 }
`;

const inlineRule = `kind: rule
name: inline
source: s
key: [a, b]
pattern: { within: 500, skip: noSkip, parameters: { n: { type: integer } }, sequence: [{ begin: a, times: 3 }] }
tests: [{ name: silent, events: [], expect: [] }]
`;

export const goodDocuments = [
  { title: 'every field of a source', kind: 'source', text: everySource },
  { title: 'a source of a file', kind: 'source', text: fileSource },
  { title: 'every field of a pattern', kind: 'pattern', text: everyPattern },
  { title: 'every field of a rule', kind: 'rule', text: everyRule },
  { title: 'a rule with its pattern inline', kind: 'rule', text: inlineRule },
  { title: 'JSON', kind: 'pattern', text: '{"kind": "pattern", "name": "p", "sequence": [{"begin": "a"}]}' },
] as const;

/** Each with the place and code of the one diagnostic it must give. */
export const badDocuments = [
  { title: 'no kind', at: '1:1', code: 'missing-field', text: 'name: x\n' },
  { title: 'a kind that does not exist', at: '1:7', code: 'unknown-kind', text: 'kind: rle\nname: x\n' },
  { title: 'a kind to come', at: '1:7', code: 'not-supported', text: 'kind: table\nname: x\n' },
  { title: 'a list', at: '1:1', code: 'not-a-document', text: '- kind: rule\n' },
  { title: 'text', at: '1:1', code: 'not-a-document', text: 'just words\n' },
  {
    title: 'an unknown field',
    at: '4:1',
    code: 'unknown-field',
    text: fileSource.replace('event:', 'evnt: 1\nevent:'),
  },
  {
    title: 'an unknown field inside',
    at: '3:30',
    code: 'unknown-field',
    text: fileSource.replace('format:', 'fromat: csv, format:'),
  },
  {
    title: 'a name with capitals',
    at: '2:7',
    code: 'invalid-name',
    text: everyRule.replace('card-testing-eu', 'Card'),
  },
  { title: 'a name that is a number', at: '2:7', code: 'wrong-type', text: everyRule.replace('card-testing-eu', '12') },
  { title: 'a missing field', at: '4:8', code: 'missing-field', text: fileSource.replace('{ time: arrival, ', '{ ') },
  {
    title: 'a field without value',
    at: '7:8',
    code: 'empty',
    text: everyRule.replace("\nwhere: region = 'EU'", '\n\nwhere: '),
  },
  {
    title: 'an expression that became a map',
    at: '6:8',
    code: 'quote-expression',
    text: everyRule.replace("region = 'EU'", "{ 'a': 1 }"),
  },
  {
    title: 'an expression that became a list',
    at: '12:10',
    code: 'quote-expression',
    text: everyRule.replace('"\'Card \' & $key"', '[$key, 1]'),
  },
  {
    title: 'an expression that became a number',
    at: '6:8',
    code: 'wrong-type',
    text: everyRule.replace("region = 'EU'", '1'),
  },
  {
    title: 'an expression that became true',
    at: '6:8',
    code: 'wrong-type',
    text: everyRule.replace("region = 'EU'", 'true'),
  },
  {
    title: 'a duration with a fraction',
    at: '14:13',
    code: 'invalid-duration',
    text: everyRule.replace('10m', '1.5h'),
  },
  { title: 'a negative duration', at: '14:13', code: 'invalid-duration', text: everyRule.replace('10m', '-5') },
  {
    title: 'a word that is none of those',
    at: '10:13',
    code: 'invalid-value',
    text: everyRule.replace('severity: high', 'severity: hihg'),
  },
  {
    title: 'windows',
    at: '8:1',
    code: 'not-supported',
    text: everyRule.replace('with: { small: 2 }', 'window: { tumbling: 5m }'),
  },
  {
    title: 'windows without pattern',
    at: '7:1',
    code: 'not-supported',
    text: everyRule.replace('pattern: card-testing', 'window: { tumbling: 5m }'),
  },
  {
    title: 'having',
    at: '8:1',
    code: 'not-supported',
    text: everyRule.replace('with: { small: 2 }', 'having: $n > 5'),
  },
  {
    title: 'aggregate',
    at: '8:1',
    code: 'not-supported',
    text: everyRule.replace('with: { small: 2 }', 'aggregate: {}'),
  },
  {
    title: 'firstSeen',
    at: '8:1',
    code: 'not-supported',
    text: everyRule.replace('with: { small: 2 }', 'firstSeen: {}'),
  },
  {
    title: 'withFrom',
    at: '8:1',
    code: 'not-supported',
    text: everyRule.replace('with: { small: 2 }', 'withFrom: { table: t }'),
  },
  {
    title: 'alerts as a source',
    at: '4:9',
    code: 'not-supported',
    text: everyRule.replace('[payments, logins]', '{ alerts: other }'),
  },
  {
    title: 'an alternative without branches',
    at: '12:12',
    code: 'invalid-value',
    text: everyPattern.replace("where: type = 'auth' and amount <= $params.small", 'anyOf: []'),
  },
  {
    title: 'branches that are no steps',
    at: '12:27',
    code: 'wrong-type',
    text: everyPattern.replace("where: type = 'auth' and amount <= $params.small", 'allOf: [{ begin: a }, b]'),
  },
  { title: 'neither nats nor file', at: '1:1', code: 'conflicting-fields', text: fileSource.replace(/file:.*\n/, '') },
  { title: 'nats and file', at: '1:1', code: 'conflicting-fields', text: `${fileSource}nats: { subjects: [a] }\n` },
  { title: 'no subjects', at: '3:37', code: 'invalid-value', text: everySource.replace('["payments.>"]', '[]') },
  {
    title: 'a stage name with a dash',
    at: '11:12',
    code: 'invalid-name',
    text: everyPattern.replace('begin: probe', 'begin: pro-be'),
  },
  {
    title: 'a parameter name with a dash',
    at: '5:3',
    code: 'invalid-name',
    text: everyPattern.replace('small: {', 'sm-all: {'),
  },
  {
    title: 'a count below 1',
    at: '26:16',
    code: 'invalid-value',
    text: everyPattern.replace('times: $params.probes\n', 'times: 0\n'),
  },
  {
    title: 'a form of skip that does not exist',
    at: '9:7',
    code: 'wrong-type',
    text: everyPattern.replace('{ skipToFirst: probe }', 'skipToFirst'),
  },
  {
    title: 'an empty sequence',
    at: '5:87',
    code: 'invalid-value',
    text: inlineRule.replace('[{ begin: a, times: 3 }]', '[]'),
  },
  { title: 'too many runs', at: '20:23', code: 'invalid-value', text: everyRule.replace('10000', '1000000') },
  {
    title: 'a test without time',
    at: '25:9',
    code: 'missing-field',
    text: everyRule.replace('{ at: 0s, type', '{ type'),
  },
  {
    title: 'an unknown expectation',
    at: '28:19',
    code: 'unknown-field',
    text: everyRule.replace('key: [c1, 2]', 'keys: [c1, 2]'),
  },
] as const;
