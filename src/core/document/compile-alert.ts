import type { ExpressionNames } from '../expression/expression.js';
import type { AlertDocument, RuleDocument, Severity } from './documents.js';
import { parseDuration } from './duration.js';
import { undeclaredParameters } from './parameters.js';
import type { AlertPlan, RulePlan } from './plans.js';
import type { ExpressionReader, Report } from './report.js';
import { isPublishSubject } from './subjects.js';

/** Severity of an alert that does not say. */
export const DEFAULT_SEVERITY: Severity = 'medium';

export interface AlertReading {
  readonly report: Report;
  readonly reader: ExpressionReader;
  /** Names of titles and payloads; undefined while the pattern is wrong: then they are not compiled. */
  readonly names: ExpressionNames | undefined;
  readonly parameters: readonly string[];
}

type AlertDefaults = Pick<AlertPlan, 'severity' | 'subject'>;

function checkText(field: 'title' | 'payload', alert: AlertDocument, pointer: string, reading: AlertReading): void {
  const source = alert[field];
  if (source === undefined || reading.names === undefined) return;
  reading.reader.read(source, `${pointer}/${field}`, reading.names);
  undeclaredParameters(source, `${pointer}/${field}`, reading.parameters).forEach((one) => reading.report.add(one));
}

function compileOne(alert: AlertDocument, pointer: string, defaults: AlertDefaults, reading: AlertReading): AlertPlan {
  const { severity = defaults.severity, subject = defaults.subject, title, payload, throttle, include } = alert;
  if (!isPublishSubject(subject)) {
    const message = `\`${subject}\` is not a NATS subject to publish on: write tokens between single dots, without blanks and wildcards.`;
    reading.report.error('invalid-subject', `${pointer}/subject`, message);
  }
  checkText('title', alert, pointer, reading);
  checkText('payload', alert, pointer, reading);
  const throttleMs = throttle === undefined ? undefined : parseDuration(throttle);
  return { severity, subject, title, payload, throttleMs, include: include ?? 'events', document: alert };
}

/** What a rule says when it matches, and when it times out: severity and subject of the second default to the first's. */
export function compileAlerts(rule: RuleDocument, reading: AlertReading): Pick<RulePlan, 'alert' | 'onTimeout'> {
  const defaults = { severity: DEFAULT_SEVERITY, subject: rule.name };
  const alert = compileOne(rule.alert ?? {}, '/alert', defaults, reading);
  if (rule.onTimeout === undefined) return { alert, onTimeout: undefined };
  const timeout = compileOne(rule.onTimeout.alert ?? {}, '/onTimeout/alert', alert, reading);
  return { alert, onTimeout: { alert: timeout, unmatchedOnly: rule.onTimeout.unmatchedOnly ?? true } };
}
