import { describe, expect, it } from 'vitest';
import { expectDiagnostics, ruleOf, SOURCE } from './fixture.js';

const PATTERN = `kind: pattern
name: p
within: 10m
sequence:
  - begin: a
    where: x = 1
  - followedBy: b
---
`;

const rule = (more: string): string => `${SOURCE}${PATTERN}kind: rule\nname: r\nsource: s\npattern: p\n${more}`;

describe('the defaults of a rule', () => {
  it('are medium severity, its name as subject, ordered, active, drain, dropOldest, events included', () => {
    const plan = ruleOf(rule(''));
    expect(plan).toMatchObject({
      sources: ['s'],
      emit: 'ordered',
      mode: 'active',
      onUpdate: 'drain',
      runsPerKeyMax: 100_000,
      overflow: 'dropOldest',
      where: undefined,
      onTimeout: undefined,
      stateBound: expect.objectContaining({ bounded: true, runsPerKeyMax: 100_000 }),
      alert: {
        severity: 'medium',
        subject: 'r',
        title: undefined,
        payload: undefined,
        throttleMs: undefined,
        include: 'events',
      },
    });
    expect(plan.pattern.withinMs).toBe(600_000);
    expect(plan.automaton.stages).toEqual(['a', 'b']);
  });

  it('a timeout alert takes severity and subject from the alert, and leaves out runs that matched', () => {
    const plan = ruleOf(
      rule('alert: { severity: high, subject: a.b, throttle: 1m }\nonTimeout: { alert: { title: "$a[0].x" } }\n'),
    );
    expect(plan.alert).toMatchObject({ severity: 'high', subject: 'a.b', throttleMs: 60_000 });
    expect(plan.onTimeout).toMatchObject({
      unmatchedOnly: true,
      alert: { severity: 'high', subject: 'a.b', title: '$a[0].x' },
    });
    expect(plan.onTimeout?.alert.throttleMs).toBeUndefined();
  });
});

describe('the key of a rule', () => {
  const two = SOURCE + SOURCE.replace('name: s', 'name: t');
  const keyed = (key: string): string => `${two}${PATTERN}kind: rule\nname: r\nsource: [t, s]\npattern: p\n${key}`;

  it('is the one global key when there is none', () => {
    const { keys, sources } = ruleOf(keyed(''));
    expect(sources).toEqual(['s', 't']);
    expect(keys.get('s')).toEqual({ parts: [], composite: false, text: '' });
  });

  it('is an expression, or a list of them, for all sources', () => {
    expect(ruleOf(keyed('key: card\n')).keys.get('t')).toMatchObject({ parts: [{ source: 'card' }], composite: false });
    expect(ruleOf(keyed('key: [card, shop]\n')).keys.get('s')).toMatchObject({
      parts: [{ source: 'card' }, { source: 'shop' }],
      composite: true,
    });
  });

  it('may be written per source, and then for every source', () => {
    const { keys } = ruleOf(keyed('key: { s: card, t: user.card }\n'));
    expect([...keys].map(([name, { text }]) => [name, text])).toEqual([
      ['s', '"card"'],
      ['t', '"user.card"'],
    ]);
    expectDiagnostics(keyed('key:\n  «s: card\n'), ['missing-key']);
    expectDiagnostics(keyed('key: { s: a, t: b, ss: «c }\n'), ['unknown-source']);
    expectDiagnostics(keyed('key: { s: a, t: [b, «$x] }\n').replace('key: {', 'key: «{'), [
      'keys-differ',
      'unknown-name',
    ]);
  });

  it('has one text per meaning: a list of one part is another key than the part', () => {
    const texts = ['', 'key: a\n', 'key: [a]\n', 'key: [a, b]\n', 'key: "[a]"\n'].map(
      (key) => ruleOf(keyed(key)).keys.get('s')?.text,
    );
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('sees the event alone', () => {
    expectDiagnostics(keyed('key: x & «$params.y\n'), ['unknown-name']);
  });
});

describe('what a rule refers to', () => {
  it('must be there: the nearest name is suggested', () => {
    const text = `${SOURCE.replace('name: s', 'name: payments')}${PATTERN.replace('name: p', 'name: probing')}kind: rule
name: r
source: «paymets
pattern: «probbing
`;
    const found = expectDiagnostics(text, ['unknown-source', 'unknown-pattern']);
    expect(found[0]?.message).toContain('Did you mean `payments`?');
    expect(found[1]?.message).toContain('Did you mean `probing`?');
    expect(found[0]).toMatchObject({ file: 'x.yaml', document: 'rule/r', severity: 'error' });
  });

  it('is not called missing when it is there but broken: that is told where it is broken', () => {
    expectDiagnostics(
      `${SOURCE}kind: pattern\nname: p\nsequence: «[]\n---\nkind: rule\nname: r\nsource: s\npattern: p\nwhere: «??\n`,
      ['invalid-value', 'expression-syntax'],
    );
  });

  it('is listed once', () => {
    expectDiagnostics(rule('').replace('source: s', 'source: [s, «s]'), ['duplicate-source']);
  });
});

describe('names in the expressions of a rule', () => {
  it('the filter sees parameters and key, not the stages', () => {
    expect(ruleOf(rule('where: x = $key\n')).where?.source).toBe('x = $key');
    expectDiagnostics(rule('where: «$a[0].x = 1\n'), ['unknown-name']);
  });

  it('title and payload see stages, parameters and key', () => {
    ruleOf(rule('alert: { title: "$a[0].x & $key", payload: $b }\n'));
    expectDiagnostics(rule('alert:\n  title: "\'x\' & «$c"\n  payload: |\n    {\n      «$d\n    }\n'), [
      'unknown-name',
      'unknown-name',
    ]);
    expectDiagnostics(rule('onTimeout:\n  alert:\n    title: "a &\n      «$c"\n'), ['unknown-name']);
  });
});

describe('the state of a rule', () => {
  const unbounded = (more: string): string =>
    `${SOURCE}kind: pattern\nname: p\nsequence: [{ begin: a }, { followedBy: b, where: x }]\n---\nkind: rule\nname: r\nsource: s\npattern: «p\n${more}`;

  it('is refused when it could grow for ever; the pattern alone is not', () => {
    const [found] = expectDiagnostics(unbounded(''), ['unbounded']);
    expect(found?.message).toContain('within');
    expect(found?.message).toContain('runsPerKey');
  });

  it('is bounded by `limits`', () => {
    const plan = ruleOf(unbounded('limits: { runsPerKey: 50, overflow: dropNewest }\n').replace('«', ''));
    expect(plan).toMatchObject({
      runsPerKeyMax: 50,
      overflow: 'dropNewest',
      stateBound: expect.objectContaining({ bounded: true, runsPerKeyMax: 50 }),
    });
    expectDiagnostics(rule('limits: { runsPerKey: «100001 }\n'), ['invalid-value']);
  });

  it('warns of a timeout that cannot come', () => {
    expectDiagnostics(unbounded('limits: { runsPerKey: 50 }\nonTimeout: «{}\n').replace('«p', 'p'), [
      'never-times-out',
    ]);
  });
});

describe('the subject of an alert', () => {
  it.each(['a..b', '.a', 'a b', 'a.*', '>', 'a.'])('is not `%s`', (subject) => {
    expectDiagnostics(rule(`alert: { subject: «"${subject}" }\n`), ['invalid-subject']);
  });
});

describe('the hash of a rule', () => {
  const hash = (more: string, text = rule(more)): string => ruleOf(text).hash;

  it('stays the same when its matches do', () => {
    const base = hash('');
    expect(
      hash(
        'description: x\nmode: shadow\nalert: { severity: high, title: "1", throttle: 5m }\nonUpdate: keep\nonTimeout: {}\n',
      ),
    ).toBe(base);
    expect(hash('', rule('').replaceAll('name: p', 'name: q').replace('pattern: p', 'pattern: q'))).toBe(base);
    expect(hash('', rule('').replace('within: 10m', 'within: 600000'))).toBe(base);
  });

  it('changes with all that they depend on', () => {
    const variants = [
      hash(''),
      hash('where: y\n'),
      hash('key: y\n'),
      hash('emit: eager\n'),
      hash('limits: { runsPerKey: 5 }\n'),
      hash('', rule('').replace('x = 1', 'x = 2')),
      hash('', rule('').replace('followedBy', 'next')),
      hash('', rule('').replace('within: 10m', 'within: 11m')),
      hash('', rule('').replace('within: 10m', 'within: 10m\nskip: skipToNext')),
      hash('', rule('').replace('within: 10m', 'within: 10m\nparameters: { k: { type: number, default: 1 } }')),
    ];
    expect(new Set(variants).size).toBe(variants.length);
  });
});
