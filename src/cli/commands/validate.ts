import { loadDocuments } from '../load-documents.js';
import { exitCodes, formatDiagnostic, paints, say } from '../terminal.js';

/** `weir validate PATH…`: every diagnostic of every document, at once. */
export async function validate(
  paths: readonly string[],
  options: { readonly data: string; readonly json?: boolean },
): Promise<number> {
  const { parsed, compiled } = await loadDocuments(paths, options.data);
  const diagnostics = compiled.ok ? compiled.warnings : compiled.diagnostics;
  if (options.json === true) {
    for (const diagnostic of diagnostics) console.log(JSON.stringify(diagnostic));
  } else {
    for (const diagnostic of diagnostics) say(formatDiagnostic(diagnostic));
  }
  if (!compiled.ok) return exitCodes.invalid;
  const count = parsed.ok ? parsed.value.length : 0;
  if (count === 0) {
    say(paints.red('no documents were found: name files or directories with .yaml, .yml or .json files'));
    return exitCodes.invalid;
  }
  say(paints.green(`${count} ${count === 1 ? 'document is' : 'documents are'} valid`));
  return exitCodes.ok;
}
