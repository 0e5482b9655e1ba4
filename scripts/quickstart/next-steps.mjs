/** The closing screen: what happened, and what to try next, with the real address and token in every command. */
import { formatCount, paints } from './screen.mjs';

const { bold, dim, cyan, green, yellow } = paints;

/** How often each rule must fire, counted without the engine (scripts/brute-force-counts.mjs). */
function compare(byRule, expected, complete) {
  const rules = Object.keys(expected).sort((a, b) => (byRule.get(b) ?? 0) - (byRule.get(a) ?? 0) || (a < b ? -1 : 1));
  const others = [...byRule.keys()].filter((rule) => expected[rule] === undefined);
  const rows = [...rules, ...others].map((rule) => {
    const alerts = byRule.get(rule) ?? 0;
    const same = alerts === expected[rule];
    const counted = complete ? (same ? green('✓') : yellow(`counted by hand: ${expected[rule] ?? 0}`)) : '';
    return { rule, alerts, same, text: `${formatCount(alerts).padStart(6)}  ${rule.padEnd(25)} ${counted}` };
  });
  return { rows, different: complete ? rows.filter(({ same }) => !same).length : 0 };
}

/** Rows in two columns, read downwards. */
function twoColumns(rows) {
  const half = Math.ceil(rows.length / 2);
  return rows
    .slice(0, half)
    .map(({ text }, at) => `  ${text}${rows[at + half] === undefined ? '' : `   ${rows[at + half].text}`}`.trimEnd());
}

/** `{lines, different}`: the summary, and how many rules gave another count than expected. */
export function describeSummary({ outcome, watch, expected, complete }) {
  const { sent, taken, closings, seconds, status } = outcome;
  const sum = (list, field) => list.reduce((total, one) => total + one[field], 0);
  const { rows, different } = compare(watch.byRule, expected, complete);
  const rate = formatCount(taken / seconds);
  const late = sum(status.sources, 'late');
  const dead = sum(status.sources, 'dead');
  const verdict = complete
    ? different === 0
      ? `${green('✓')} every count is the one found without the engine (scripts/brute-force-counts.mjs)`
      : yellow(`${different} rules gave another number than scripts/brute-force-counts.mjs`)
    : dim('a part of the data: counts are not compared');
  const lines = [
    bold(`${formatCount(watch.alerts)} alerts from ${formatCount(sent)} messages in ${seconds.toFixed(1)} s`),
    dim(
      `  ${formatCount(taken)} events evaluated (transfers are read by two sources), ${rate}/s with replay, NATS and this screen on the same machine`,
    ),
    `  dead letters ${dead} · late ${late} · held back by throttles ${formatCount(sum(status.rules, 'suppressed'))}`,
    '',
    ...twoColumns(rows),
    `  ${verdict}`,
    dim(
      `  ${closings} of the messages are closing events: a stream never ends, so time must be moved past the last deadline.`,
    ),
    dim('  rules/fleet has no data here: data/not-included says where to get it.'),
  ];
  return { lines, different, dead };
}

const exampleRule = `kind: rule
name: large-charge
source: charges
key: account
pattern:
  sequence:
    - begin: charge
      where: amount >= 900
alert:
  severity: high
  title: "$key & ' was charged ' & $charge[0].amount & ' ' & $charge[0].currency"`;

export function describeNextSteps({ api, token, nats }) {
  const step = (number, text) => `${bold(cyan(`${number}.`))} ${bold(text)}`;
  return [
    bold('Try next') + dim(' (in another terminal, in this directory; everything can be copied as it is)'),
    '',
    step(1, 'Register a rule'),
    `curl -sS -X PUT ${api}/api/v1/rules/large-charge \\`,
    `  -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/yaml' --data-binary @- <<'EOF'`,
    exampleRule,
    'EOF',
    '',
    step(2, 'Send it an event: the alert appears here'),
    `npm run -s send -- --nats ${nats} charges account=A1 currency=EUR amount=950`,
    '',
    step(3, 'Change a pattern, hot') + dim(': edit patterns/small-then-large.yaml and save; what follows is told here'),
    dim('   `4` for `$params.factor`: a new revision is in force, runs under way go on'),
    dim('   `40` instead: refused, for a test in rules/fraud expects an alert at five times; the old one stays'),
    dim('   `$amount` for `amount`: refused, with line and column'),
    '',
    step(4, 'Subscribe to alerts with the nats CLI'),
    `nats --server ${nats} sub 'weir.alerts.>'`,
    '',
    step(5, 'The API') + `   ${cyan(`${api}/api/docs`)}   ` + dim(`token: ${token}`),
    `curl -sS -H 'Authorization: Bearer ${token}' ${api}/api/v1/status`,
  ];
}
