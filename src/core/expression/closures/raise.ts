/** JSONata's run-time errors, with the library's codes and words. */
import { ExpressionError } from '../expression.js';

/** What an error says besides its code; which fields count depends on the code. */
export interface ErrorDetail {
  readonly value?: unknown;
  readonly value2?: unknown;
  /** Operator or function. */
  readonly token?: string;
  /** Argument, from 1. */
  readonly index?: number;
  /** What an argument must hold. */
  readonly type?: string;
}

const MESSAGES: Readonly<Record<string, string>> = {
  T0410: 'Argument {index} of function {token} does not match function signature',
  T0411: 'Context value is not a compatible type with argument {index} of function {token}',
  T0412: 'Argument {index} of function {token} must be an array of {type}',
  D1001: 'Number out of range: {value}',
  D1002: 'Cannot negate a non-numeric value: {value}',
  D1011: 'Stack overflow: the data or the recursion is nested too deeply',
  T2001: 'The left side of the {token} operator must evaluate to a number',
  T2002: 'The right side of the {token} operator must evaluate to a number',
  T2003: 'The left side of the range operator (..) must evaluate to an integer',
  T2004: 'The right side of the range operator (..) must evaluate to an integer',
  T2009: 'The values {value} and {value2} either side of operator {token} must be of the same data type',
  T2010: 'The expressions either side of operator {token} must evaluate to numeric or string values',
  D2014:
    'The size of the sequence allocated by the range operator (..) must not exceed 1e7.  Attempted to allocate {value}',
  D2015: 'The maximum sequence length was exceeded: {value}',
  D3001: 'Attempting to invoke string function on Infinity or NaN',
  D3020: 'Third argument of split function must evaluate to a positive number',
  D3030: 'Unable to cast value to a number: {value}',
  D3060: 'The sqrt function cannot be applied to a negative number: {value}',
  D3061:
    'The power function has resulted in a value that cannot be represented as a JSON number: base={value}, exponent={value2}',
  D3110: 'The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given {value}',
  'regex-subject-too-long': 'A text of {value} characters is too long for this regular expression',
  'result-too-large': 'A result of length {value} is too large',
  'too-many-steps': 'The evaluation takes more than {value} steps',
  'evaluation-failed': 'The expression cannot be evaluated on this data',
};

/** Characters of a value kept in a message. */
const SHOWN_MAX = 120;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

/** Throws the error of this code. */
export function raise(code: string, detail: ErrorDetail = {}): never {
  const template = MESSAGES[code] ?? code;
  const message = template
    .replace('{value}', () => shown(detail.value))
    .replace('{value2}', () => shown(detail.value2))
    .replace('{token}', () => JSON.stringify(detail.token ?? ''))
    .replace('{index}', () => String(detail.index ?? 0))
    .replace('{type}', () => detail.type ?? '');
  throw withoutStack(code, message);
}

/** An error without its stack: the trace of a rule's error says nothing, and taking it would cost ten times the rest. */
function withoutStack(code: string, message: string): ExpressionError {
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  errors.stackTraceLimit = 0;
  const error = new ExpressionError(code, message);
  errors.stackTraceLimit = limit;
  return error;
}

/** Data nested so deeply that it overflows the stack is bad data, not a broken engine; any other error passes through. */
export function rethrow(error: unknown): never {
  if (error instanceof RangeError) raise('D1011');
  throw error;
}
