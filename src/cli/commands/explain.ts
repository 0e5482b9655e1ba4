import { explainRule } from '../../core/document/explain-rule.js';
import { describeRule } from '../describe-rule.js';
import { loadDocuments, requireRuleSet } from '../load-documents.js';
import { CommandError, exitCodes } from '../terminal.js';

/** `weir explain RULE PATH…`: how a rule is evaluated. */
export async function explain(
  name: string,
  paths: readonly string[],
  options: { readonly data: string; readonly json?: boolean },
): Promise<number> {
  const { rules } = requireRuleSet(await loadDocuments(paths, options.data));
  const plan = rules.get(name);
  if (plan === undefined) {
    const known = [...rules.keys()].sort().join(', ');
    throw new CommandError(
      `There is no rule \`${name}\` in these documents${known === '' ? '' : `: there are ${known}`}.`,
      exitCodes.invalid,
    );
  }
  const explanation = explainRule(plan);
  console.log(options.json === true ? JSON.stringify(explanation) : describeRule(explanation));
  return exitCodes.ok;
}
