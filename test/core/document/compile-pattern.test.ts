import { describe, expect, it } from 'vitest';
import { compiled, diagnosticsOf, expectDiagnostics, fakeExpressions, ruleOf, SOURCE } from './fixture.js';

const pattern = (parameters: string, sequence: string): string =>
  `kind: pattern\nname: p\nwithin: 1h\nparameters:\n${parameters}sequence:\n${sequence}`;
const rule = (more = ''): string => `---\n${SOURCE}kind: rule\nname: r\nsource: s\npattern: p\n${more}`;

const PARAMETERS = `  small: { type: number, default: 5 }
  probes: { type: integer, minimum: 1, maximum: 9, default: 3 }
  who: { type: string, enum: [me, you], default: me }
  strict: { type: boolean, default: true }
  span: { type: duration, default: 10m, minimum: 1000 }
`;
const STEPS =
  '  - begin: a\n    where: x < $params.small\n    times: { min: $params.probes }\n  - followedBy: b\n    within: $params.span\n';

describe('parameters', () => {
  it('have their defaults, and a duration is milliseconds', () => {
    const { params, pattern: def } = ruleOf(pattern(PARAMETERS, STEPS) + rule());
    expect(params).toEqual({ small: 5, probes: 3, who: 'me', strict: true, span: 600_000 });
    expect(def.steps).toMatchObject([{ timesMin: 3 }, { gapMs: 600_000 }]);
  });

  it('are given by each rule', () => {
    const { params, pattern: def } = ruleOf(
      pattern(PARAMETERS, STEPS) + rule('with: { probes: 4, span: 1m1s, strict: false }\n'),
    );
    expect(params).toEqual({ small: 5, probes: 4, who: 'me', strict: false, span: 61_000 });
    expect(def.steps).toMatchObject([{ timesMin: 4 }, { gapMs: 61_000 }]);
  });

  it('that do not fit are each refused at their place', () => {
    const given = 'with: { small: «"5", probes: «0, who: «she, strict: «1, span: «999, smal: «2 }\n';
    const found = expectDiagnostics(pattern(PARAMETERS, STEPS) + rule(given), [
      'wrong-parameter',
      'wrong-parameter',
      'wrong-parameter',
      'wrong-parameter',
      'wrong-parameter',
      'unknown-parameter',
    ]);
    const sentences = found.map(({ message }) => message).join('\n');
    for (const part of [
      'must be a number',
      'at least 1',
      '"me", "you"',
      'true or false',
      'at least 1000',
      'Did you mean `small`?',
    ]) {
      expect(sentences).toContain(part);
    }
  });

  it('without default must be given', () => {
    const text = pattern('  small: { type: number }\n', '  - begin: a\n    where: x < $params.small\n');
    expectDiagnostics(`${text}${rule('with: «{}\n')}`, ['missing-parameter']);
    expect(diagnosticsOf(text + rule())).toMatchObject([{ code: 'missing-parameter', document: 'rule/r' }]);
  });

  it('are declared so that something fits', () => {
    expectDiagnostics(
      pattern(
        '  a: { type: number, default: «x }\n  b: { type: string, minimum: «1 }\n  c: { type: number, minimum: «3, maximum: 2 }\n' +
          '  d: { type: integer, enum: [1, «2.5] }\n  e: { type: duration, default: «soon }\n  f: { type: integer, default: «0, minimum: 1 }\n',
        '  - begin: s\n',
      ),
      Array.from({ length: 6 }, () => 'wrong-parameter'),
    );
  });

  it('that an expression names must be declared, not those in its texts', () => {
    const steps =
      "  - begin: a\n    where: x = $params.small and y = 'of $params.texts'\n    times: { min: 1 }\n    until: a < «$params.smal\n";
    expectDiagnostics(pattern('  small: { type: number, default: 5 }\n', steps), ['unknown-parameter']);
    expectDiagnostics(pattern(PARAMETERS, STEPS) + rule('where: a > «$params.min\nalert:\n  title: "«$params.x"\n'), [
      'unknown-parameter',
      'unknown-parameter',
    ]);
  });
});

describe('patterns', () => {
  it('that nobody uses are checked with their defaults', () => {
    expectDiagnostics(pattern(PARAMETERS, STEPS.replace('x < ', 'x < «$nobody + ')), ['unknown-name']);
    expectDiagnostics('kind: pattern\nname: p\nsequence:\n  - begin: a\n  - notFollowedBy: «b\n', [
      'absence-without-within',
    ]);
  });

  it('are reported once however many rules use them, at the character', () => {
    const rules = ['r', 'r2', 'r3'].map((name) =>
      rule()
        .replace('name: r', `name: ${name}`)
        .replace(SOURCE, name === 'r' ? SOURCE : ''),
    );
    const steps = '  - begin: a\n    where: |\n      x < 5\n      and «?? or\n      «$nobody\n';
    expectDiagnostics(pattern(PARAMETERS, steps) + rules.join(''), ['expression-syntax', 'unknown-name']);
  });

  it('that only a rule makes wrong are reported at its parameters, with the place in the pattern', () => {
    const text =
      pattern('  n: { type: integer, default: 2 }\n', '  - begin: a\n    times: $params.n\n') +
      rule('with: «{ n: 0 }\n');
    const [found] = expectDiagnostics(text, ['invalid-times']);
    expect(found).toMatchObject({ document: 'rule/r', pointer: '/with' });
    expect(found?.message).toContain('x.yaml:8');
  });

  it('may be written inline, with parameters of their own', () => {
    const inline = (where: string): string =>
      `${SOURCE}kind: rule\nname: r\nsource: s\nwith: { n: 3 }\npattern:\n  within: 1m\n  parameters: { n: { type: integer } }\n  sequence:\n    - begin: a\n      times: $params.n\n      where: ${where}\n`;
    expect(ruleOf(inline('x')).pattern.steps[0]?.timesMin).toBe(3);
    expectDiagnostics(inline('x = «$b'), ['unknown-name']);
    expectDiagnostics(inline('x = «$params.m'), ['unknown-parameter']);
  });

  it('are compiled once for all rules that use them with the same parameters', () => {
    const many = (count: number): string =>
      pattern(PARAMETERS, STEPS) +
      Array.from({ length: count }, (_, i) =>
        rule()
          .replace('name: r', `name: r${i}`)
          .replace(SOURCE, i === 0 ? SOURCE : ''),
      ).join('');
    const { rules } = compiled(many(20));
    expect(new Set([...rules.values()].map(({ automaton }) => automaton)).size).toBe(1);
    const before = fakeExpressions.compiled;
    compiled(many(50));
    expect(fakeExpressions.compiled - before).toBeLessThan(10);
  });
});
