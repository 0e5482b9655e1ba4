/**
 * From a match to the message that is published: CloudEvents 1.0, structured JSON, with what explains it. The id is a hash of
 * what the match is, so that any replay gives the same.
 */
import type { AlertPlan, RulePlan } from '../core/document/plans.js';
import type { Expression, ExpressionCompiler, Scope } from '../core/expression/expression.js';
import { ExpressionError, NO_CONSTANTS } from '../core/expression/expression.js';
import type { StreamEvent } from '../core/model/event.js';
import { compareEvents, eventIdentity } from '../core/model/event.js';
import { keyText } from '../core/model/key.js';
import type { RuleMatch } from '../core/model/match.js';
import { expressionStages } from '../core/nfa/compile-automaton.js';
import type { Digest } from '../ports/digest.js';
import type { OutboundMessage } from '../ports/sink.js';

export const CLOUD_EVENT_TYPE = 'application/cloudevents+json';

export interface AlertContext {
  readonly namespace: string;
  readonly prefix: string;
  readonly digest: Digest;
  readonly expressions: ExpressionCompiler;
}

interface AlertTexts {
  readonly title: Expression | undefined;
  readonly payload: Expression | undefined;
}

/** Renders the alerts of one version of a rule; its texts are compiled once. */
export class AlertRenderer {
  private readonly slots: ReadonlyMap<string, number>;
  private readonly texts = new Map<AlertPlan, AlertTexts>();

  constructor(
    private readonly plan: RulePlan,
    private readonly revision: number,
    private readonly context: AlertContext,
  ) {
    this.slots = expressionStages(plan.pattern);
  }

  render(match: RuleMatch): OutboundMessage {
    const { plan, context } = this;
    const alert = match.kind === 'timeout' && plan.onTimeout !== undefined ? plan.onTimeout.alert : plan.alert;
    const scope = this.scopeOf(match);
    const { title, payload } = this.textsOf(alert);
    const problems: string[] = [];
    const givenTitle = evaluate(title, scope, 'title', problems);
    const body = {
      specversion: '1.0',
      id: this.idOf(match),
      source: `/rules/${plan.name}`,
      type: `weir.alert.${match.kind}.v1`,
      ...(match.key === undefined ? {} : { subject: keyText(match.key) }),
      time: new Date(match.time).toISOString(),
      datacontenttype: 'application/json',
      data: {
        namespace: context.namespace,
        rule: plan.name,
        ruleRevision: this.revision,
        ruleHash: plan.hash,
        severity: alert.severity,
        title: typeof givenTitle === 'string' ? givenTitle : defaultTitle(match),
        payload: evaluate(payload, scope, 'payload', problems),
        ...(match.key === undefined ? {} : { key: match.key }),
        stages: match.stages.map(({ stage, events }) => ({
          stage,
          events: events.map((event) => shown(event, alert)),
        })),
        window: { start: new Date(match.startTime).toISOString(), end: new Date(match.time).toISOString() },
        suppressed: match.suppressed,
        ...(problems.length === 0 ? {} : { problems }),
      },
    };
    const subject = `${context.prefix}.${alert.severity}.${alert.subject}`;
    return { id: body.id, subject, contentType: CLOUD_EVENT_TYPE, body: JSON.stringify(body) };
  }

  /** Hash of (namespace, rule, kind, key, stage → event identities, settling time): the same in any replay and revision. */
  idOf(match: RuleMatch): string {
    const stages = match.stages.map(({ stage, events }) => [stage, events.map(eventIdentity)]);
    const identity = [this.context.namespace, match.rule, match.kind, match.key ?? null, stages, match.time];
    return this.context.digest(JSON.stringify(identity)).slice(0, 40);
  }

  private textsOf(alert: AlertPlan): AlertTexts {
    let texts = this.texts.get(alert);
    if (texts === undefined) {
      texts = { title: this.compile(alert.title), payload: this.compile(alert.payload) };
      this.texts.set(alert, texts);
    }
    return texts;
  }

  private compile(source: string | undefined): Expression | undefined {
    if (source === undefined) return undefined;
    const result = this.context.expressions.compile(source, { stages: this.slots, params: true, key: true });
    return result.ok ? result.expression : undefined;
  }

  private scopeOf(match: RuleMatch): Scope {
    const bodies = new Map(
      match.stages.map(({ stage, events }) => [this.slots.get(stage), events.map((one) => one.body)]),
    );
    const last = lastEvent(match);
    return {
      body: last?.body,
      event: last ?? { time: match.time, type: undefined, subject: '', headers: undefined },
      key: match.key,
      params: this.plan.params,
      constants: NO_CONSTANTS,
      stageEvents: (slot) => bodies.get(slot) ?? [],
    };
  }
}

function lastEvent(match: RuleMatch): StreamEvent | undefined {
  let last: StreamEvent | undefined;
  for (const { events } of match.stages) {
    for (const event of events) if (last === undefined || compareEvents(event, last) > 0) last = event;
  }
  return last;
}

function evaluate(expression: Expression | undefined, scope: Scope, field: string, problems: string[]): unknown {
  try {
    return expression?.evaluate(scope);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    problems.push(`${field}: ${error.code} ${error.message}`);
    return undefined;
  }
}

function defaultTitle({ rule, key, kind }: RuleMatch): string {
  const text = keyText(key);
  const what = kind === 'timeout' ? 'timed out' : 'matched';
  return text === undefined ? `${rule} ${what}` : `${rule} ${what} for ${text}`;
}

function shown(event: StreamEvent, { include }: AlertPlan): unknown {
  const identity = { id: event.id ?? eventIdentity(event), source: event.source, seq: event.seq, index: event.index };
  const time = new Date(event.time).toISOString();
  return include === 'ids' ? { ...identity, time } : { ...identity, time, body: event.body };
}
