import { expressionLimits } from '../expression-limits.js';
import { raise } from './raise.js';

/** A regular expression as an argument of a function: the library's letter for it is `f`. */
export class RegexMatcher {
  constructor(private readonly regex: RegExp) {}

  /** True if it matches somewhere in the text. */
  test(text: string): boolean {
    if (text.length > expressionLimits.regexSubjectLengthMax) raise('regex-subject-too-long', { value: text.length });
    this.regex.lastIndex = 0;
    return this.regex.test(text);
  }
}
