/** What a person sees: colours only on a terminal, results on stdout, everything else on stderr. */
import type { Diagnostic } from '../core/model/diagnostic.js';

const coloured = process.stderr.isTTY && process.env['NO_COLOR'] === undefined;

function paint(code: number): (text: string) => string {
  return (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
}

export const paints = {
  red: paint(31),
  green: paint(32),
  yellow: paint(33),
  blue: paint(34),
  dim: paint(2),
  bold: paint(1),
};

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Exit codes of every command. */
export const exitCodes = { ok: 0, failed: 1, invalid: 2 } as const;

/** `file:line:column: error code: message`, the form editors understand. */
export function formatDiagnostic({
  severity,
  code,
  message,
  file,
  line,
  column,
  pointer,
  document,
}: Diagnostic): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const where = place === '' ? (document ?? (pointer === '' ? 'document' : pointer)) : place;
  const word = severity === 'error' ? paints.red('error') : paints.yellow('warning');
  const at = place === '' || pointer === '' ? '' : paints.dim(` (${pointer})`);
  return `${where}: ${word} ${code}: ${message}${at}`;
}

/** A command that cannot go on: shown as one sentence, without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    message: string,
    readonly exitCode: number = exitCodes.failed,
  ) {
    super(message);
  }
}
