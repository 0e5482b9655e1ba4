/** A failing world: a code to act on, a sentence to read, and the ids it is about as fields. Each kind is a class of its own. */
export abstract class CodedError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly fields: Readonly<Record<string, unknown>> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
