import { describe, expect, it } from 'vitest';
import { unsafeRegexReason } from '../../../src/core/expression/check-regex.js';

describe('the check of regular expressions', () => {
  it.each([
    '(a+)+',
    '(a*)*b',
    '((a+)b?)*',
    '(?:a+){2,}',
    '(a|a)*',
    '(a|ab)+c',
    '(a?b?)*',
    '(a{1,3})+',
    '(\\w|\\d)+',
    '(.*,)*',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '([a-z]+)\\1+',
    '(?<name>x+)*',
    '(a+){3}',
    '(a?){30}',
  ])('refuses a repeat that can match one text in many ways: %s', (pattern) => {
    expect(unsafeRegexReason(pattern)).toBeTypeOf('string');
  });

  it.each([
    'abc',
    '^a.*b$',
    '\\d+\\.\\d+',
    '(foo|bar)+',
    '(?:ab)*',
    '(\\d{1,3}\\.){3}\\d{1,3}',
    '[+*(){}]+',
    '\\(a+\\)+',
    '(a+)?',
    '(https?://)?\\w+',
    'a{2,5}',
    '^(GET|POST|PUT) /',
    '(?=a+)b',
    'x{',
    '[^\\]]+',
    '(\\d{4})+',
  ])('lets a plain one pass: %s', (pattern) => {
    expect(unsafeRegexReason(pattern)).toBeUndefined();
  });
});
