/** Replays the example data into JetStream and shows the alerts as they come. */
import { jetstreamManager } from '@nats-io/jetstream';
import { Publisher } from './publish.mjs';
import { bar, formatCount, paints } from './screen.mjs';

const pollMs = 150;
/** Without any progress for so long, something is wrong. */
const standstillMsMax = 60_000;

/** The streams that the sources name, as an operator creates them. */
export async function createStreams(connection, streams) {
  const manager = await jetstreamManager(connection);
  for (const [name, subjects] of streams) await manager.streams.add({ name, subjects: [...subjects] });
}

/** Alerts, dead letters and late events as they are published. */
export class AlertWatch {
  alerts = 0;
  dead = 0;
  late = 0;
  byRule = new Map();

  /** `onAlert` is called with the CloudEvent and how many this is of its rule. */
  constructor(connection, onAlert) {
    connection.subscribe('weir.alerts.>', {
      callback: (error, message) => {
        if (error === null) this.#receive(message, onAlert);
      },
    });
  }

  get total() {
    return this.alerts + this.dead + this.late;
  }

  #receive(message, onAlert) {
    const kind = message.subject.split('.')[2];
    if (kind === 'dead') this.dead += 1;
    else if (kind === 'late') this.late += 1;
    else {
      this.alerts += 1;
      const event = message.json();
      const count = (this.byRule.get(event.data.rule) ?? 0) + 1;
      this.byRule.set(event.data.rule, count);
      onAlert(event, count);
    }
  }
}

/** Publishes everything and waits until the service has taken it in and published what follows. Resolves with what happened. */
export async function replay({ connection, feeds, services, watch, screen }) {
  const sum = (field) => feeds.reduce((total, feed) => total + field(feed), 0);
  const progress = {
    sent: 0,
    taken: 0,
    total: sum(({ messages }) => messages.length),
    closings: sum((feed) => feed.closings),
  };
  const expected = new Map();
  const begun = performance.now();
  const show = () => showProgress(screen, progress, watch, (performance.now() - begun) / 1000);
  const publishing = publishAll({ connection, feeds, progress, expected }).then(() => (progress.complete = true));
  publishing.catch(() => undefined);
  const status = await untilTakenIn({ services, progress, expected, watch, show, publishing });
  await publishing;
  const seconds = (performance.now() - begun) / 1000;
  screen.settle();
  return { ...progress, seconds, status };
}

async function publishAll({ connection, feeds, progress, expected }) {
  const publisher = new Publisher(connection);
  for (const { subject, messages, readers } of feeds) {
    for (const reader of readers) expected.set(reader, messages.length);
    for (const message of messages) {
      await publisher.publish(subject, message);
      progress.sent += 1;
    }
  }
  await publisher.settled();
}

async function untilTakenIn({ services, progress, expected, watch, show, publishing }) {
  let signature = '';
  let movedAt = Date.now();
  for (;;) {
    await Promise.race([publishing, new Promise((fulfil) => setTimeout(fulfil, pollMs))]);
    const status = await services.status();
    const waiting = status.sources.filter(({ name, events, dead }) => events + dead < (expected.get(name) ?? 0));
    progress.taken = status.sources.reduce((sum, { events }) => sum + events, 0);
    show();
    const published = status.rules.reduce((sum, { alerts }) => sum + alerts, 0);
    const settled = status.checkpoints.outboxWaiting === 0 && watch.alerts >= published;
    if (progress.complete && waiting.length === 0 && settled && covered(status)) return status;
    const next = `${progress.sent} ${progress.taken} ${watch.total} ${status.checkpoints.count}`;
    if (next !== signature) movedAt = Date.now();
    signature = next;
    if (Date.now() - movedAt > standstillMsMax) throw new Error(describeStandstill(status, waiting));
    if (progress.complete) await new Promise((fulfil) => setTimeout(fulfil, pollMs));
  }
}

/** A checkpoint covers everything, so every alert that follows has been handed out. */
function covered({ sources }) {
  return sources.every(({ position, checkpointedPosition }) => position === checkpointedPosition);
}

function describeStandstill(status, waiting) {
  const names = waiting.map(({ name, state, events }) => `${name} (${state}, ${events} events)`).join(', ');
  return `Nothing moved for ${standstillMsMax / 1000} s: ${names || 'all events are in'}, ${status.checkpoints.outboxWaiting} alerts not acknowledged.`;
}

function showProgress(screen, { sent, taken, total, complete }, watch, seconds) {
  const share = Math.min(sent / total, 1);
  const rate = seconds === 0 ? 0 : taken / seconds;
  const parts = [
    `${formatCount(sent)} sent`,
    `${formatCount(taken)} evaluated`,
    `${formatCount(rate)}/s`,
    paints.bold(`${formatCount(watch.alerts)} alerts`),
  ];
  screen.moving(`  ${bar(sent, total)} ${parts.join(paints.dim(' · '))}`, complete === true ? 1 : share);
}
