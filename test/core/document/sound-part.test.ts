/** What is wrong with a document does not hide what is wrong with its expressions. */
import { describe, it } from 'vitest';
import { expectDiagnostics, SOURCE } from './fixture.js';

const rule = (steps: string, more = ''): string =>
  `${SOURCE}kind: rule\nname: r\nsource: s\npattern:\n  within: 1h\n  sequence:\n${steps}${more}`;

describe('a document whose shape is wrong', () => {
  it('has its expressions checked all the same, with its stages', () => {
    const steps = '    - begin: a\n      optional: «7\n    - followedBy: b\n      where: x = $a.x and «$c.y\n';
    expectDiagnostics(rule(steps, 'where: a «??\nkey: k «??\n«severity: high\n'), [
      'wrong-type',
      'unknown-name',
      'expression-syntax',
      'expression-syntax',
      'unknown-field',
    ]);
  });

  it('has those of an alert checked, as far as they can be while the stages are unknown', () => {
    const steps = '    - begin: a\n      where: x «??\n';
    expectDiagnostics(rule(steps, 'alert:\n  title: $b.x\n  payload: a «??\n  «throtle: 5m\n'), [
      'expression-syntax',
      'expression-syntax',
      'unknown-field',
    ]);
  });

  it('says nothing of names where the field that is wrong may have named the stage', () => {
    const steps = '    - begin: a\n    - «folowedBy: b\n      where: $a.x = x\n      until: x «??\n';
    expectDiagnostics(rule(steps, 'alert:\n  title: $b.x\n'), ['unknown-field', 'expression-syntax']);
  });

  it('says nothing else that may follow from what is wrong', () => {
    const text = `kind: rule\nname: r\n«sources: s\npattern:\n  «widhin: 1h\n  sequence:\n    - begin: a\n      times: { min: 1 }\n      where: a «??\n`;
    expectDiagnostics(`«${text}`, ['missing-field', 'unknown-field', 'unknown-field', 'expression-syntax']);
  });

  it('has the expressions of patterns and sources checked, too', () => {
    expectDiagnostics('kind: pattern\nname: p\n«foo: 1\nsequence:\n  - begin: a\n    where: a «??\n', [
      'unknown-field',
      'expression-syntax',
    ]);
    const source = 'kind: source\nname: s\nnats: { «streams: S, subjects: [in] }\nevent: { time: «$ts, id: a «?? }\n';
    expectDiagnostics(source, ['unknown-field', 'unknown-name', 'expression-syntax']);
  });

  it('of which no sound part is left is told its shape alone', () => {
    expectDiagnostics(rule('    - «7\n    - begin: a\n      where: a ??\n'), ['wrong-type']);
  });
});

describe('a document whose pattern is wrong', () => {
  it('has the expressions of its alert, and the others of the pattern, checked by themselves', () => {
    const steps = '    - begin: a\n      where: a «??\n    - begin: «b\n      until: x «??\n';
    expectDiagnostics(rule(steps, 'alert: { title: a «??, payload: $nobody.x }\n'), [
      'expression-syntax',
      'invalid-step',
      'expression-syntax',
      'expression-syntax',
    ]);
  });

  it('is told the parameters that nobody declares in the branches of a choice, too', () => {
    const steps =
      '    - begin: a\n    - followedBy: c\n      anyOf:\n        - begin: b\n          where: x = «$params.no\n        - begin: d\n';
    expectDiagnostics(rule(steps), ['unknown-parameter']);
  });
});
