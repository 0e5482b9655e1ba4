import { regexSubjectMax } from '../regex-cost.js';
import { raise } from './raise.js';

/** A regular expression as an argument of a function: the library's letter for it is `f`. */
export class RegexMatcher {
  private readonly subjectMax: number;

  constructor(private readonly regex: RegExp) {
    this.subjectMax = regexSubjectMax(regex);
  }

  /** True if it matches somewhere in the text. */
  test(text: string): boolean {
    if (text.length > this.subjectMax) raise('regex-subject-too-long', { value: text.length });
    this.regex.lastIndex = 0;
    return this.regex.test(text);
  }
}
