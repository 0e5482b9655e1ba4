/** Limits of the text of documents, besides those of core/limits.ts; beyond each the text is refused with a diagnostic. */
export const textLimits = {
  /** Collections within collections; deeper is refused before it can exhaust the stack. */
  depthMax: 64,
  /** Aliases of one document, counted with those inside what they stand for. */
  aliasesMax: 100,
  /** Diagnostics reported for the syntax of one document: after a few, the rest follow from the first. */
  syntaxErrorsMax: 5,
} as const;
