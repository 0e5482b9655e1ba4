/** Limits of expressions, with what happens at each. The length of a source is `limits.expressionLengthMax`. */
export const expressionLimits = {
  /** Nesting of one expression's syntax tree; deeper is the problem `expression-too-deep`. */
  depthMax: 500,
  /** Characters a regular expression may be matched against; longer fails with `regex-subject-too-long`. */
  regexSubjectLengthMax: 10_000,
  /** Items of one array an expression makes; more fails with `D2015`. */
  sequenceLengthMax: 100_000,
  /** Characters of one text an expression makes in the library; longer fails with `D2015`. */
  textLengthMax: 1_000_000,
  /** Nodes entered in one evaluation in the library; more fails with `too-many-steps`. */
  stepsMax: 200_000,
  /** Nodes entered within each other in one evaluation in the library (recursion); more fails with `D1011`. */
  evaluationDepthMax: 1_000,
} as const;
