import { systemDigest } from '../../adapters/system/system-digest.js';
import { runRuleTests } from '../../runtime/run-rule-tests.js';
import type { TestVerdict } from '../../runtime/run-rule-tests.js';
import { expressions, loadDocuments, requireRuleSet } from '../load-documents.js';
import { exitCodes, paints, say } from '../terminal.js';

function show({ rule, test, passed, expected, got, problems }: TestVerdict): void {
  if (passed) return say(`${paints.green('✓')} ${rule} › ${test}`);
  say(`${paints.red('✗')} ${rule} › ${test}`);
  for (const problem of problems) say(`    ${problem}`);
  for (const line of expected) if (!got.includes(line)) say(paints.red(`    - expected ${line}`));
  for (const line of got) if (!expected.includes(line)) say(paints.green(`    + got      ${line}`));
  if (problems.length === 0 && expected.length === got.length && expected.every((line) => got.includes(line))) {
    say(`    the alerts are right, their order is not: ${got.join(' ')}`);
  }
}

/** `weir test PATH…`: runs the tests that rules carry. Ends in `N passed, N failed`. */
export async function test(
  paths: readonly string[],
  options: { readonly data: string; readonly only?: string },
): Promise<number> {
  const ruleSet = requireRuleSet(await loadDocuments(paths, options.data));
  const context = { namespace: 'test', prefix: 'test', digest: systemDigest, expressions };
  const verdicts = [...ruleSet.rules.values()]
    .filter((plan) => options.only === undefined || plan.name === options.only)
    .flatMap((plan) => runRuleTests(plan, ruleSet, context));
  for (const verdict of verdicts) show(verdict);
  const failed = verdicts.filter((one) => !one.passed).length;
  console.log(`${verdicts.length - failed} passed, ${failed} failed`);
  return failed === 0 ? exitCodes.ok : exitCodes.failed;
}
