/** Limits of expressions, with what happens at each. The length of a source is `limits.expressionLengthMax`. */
export const expressionLimits = {
  /** Nesting of one expression's syntax tree; deeper is the problem `expression-too-deep`. */
  depthMax: 500,
  /**
   * Characters a regular expression may be matched against, fewer where more could take `regexStepsMax`; longer fails with
   * `regex-subject-too-long`.
   */
  regexSubjectLengthMax: 10_000,
  /** A regular expression that could take `regexStepsMax` on so few characters is the problem `unsafe-regex`. */
  regexSubjectLengthMin: 100,
  /** Steps of one match, estimated from above (`regex-cost.ts`). So many take below two seconds. */
  regexStepsMax: 300_000_000,
  /** Items of one array an expression makes; more fails with `D2015` (`..`, `$append`) or `result-too-large`. */
  sequenceLengthMax: 100_000,
  /** Characters of one text an expression makes in the library; longer fails with `result-too-large`. */
  textLengthMax: 1_000_000,
  /** Steps of one evaluation in the library; more fails with `too-many-steps`. A million take about 0.2 s. */
  stepsMax: 1_000_000,
  /** Characters of a result that count as a step, beside the nodes entered: bounds the memory of one evaluation. */
  charactersPerStep: 64,
  /** Items of a result that count as a step. */
  itemsPerStep: 8,
  /** Nodes entered within each other in one evaluation in the library (recursion); more fails with `D1011`. */
  evaluationDepthMax: 1_000,
} as const;
