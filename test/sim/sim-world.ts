/** What outlives a service: time, its streams with the events that reach them, its files, and the alerts it published. */
import type { OutboundMessage } from '../../src/ports/sink.js';
import { AlertServer } from './alert-server.js';
import { SimDocuments } from './sim-documents.js';
import { STREAMS } from './sim-plan.js';
import type { Plan } from './sim-plan.js';
import { SimLoop, SimProcess } from './sim-process.js';
import { SimStream } from './sim-stream.js';

export interface WorldOptions {
  readonly random: () => number;
  /** A planted bug. */
  readonly forgetfulServer: boolean;
  /** Told when the files are others than before. */
  readonly onFilesChanged: () => void;
  /** Told before an alert is stored in its stream. */
  readonly onAlert: (message: OutboundMessage) => void;
}

/** What random patterns call the types. */
const NAMES: Readonly<Record<string, string>> = { x: 'a', y: 'b', z: 'c' };

export class SimWorld {
  readonly loop = new SimLoop();
  readonly documents: SimDocuments;
  readonly alerts: AlertServer;
  readonly streams: ReadonlyMap<string, SimStream>;
  /** Events that have not reached their stream yet. */
  toArrive = 0;
  /** The clock of the server. */
  private readonly clock: SimProcess;
  private readonly beginMs: number;
  private lastMs = 0;

  constructor(
    plan: Plan,
    private readonly options: WorldOptions,
  ) {
    const { random, forgetfulServer: forgetful, onAlert: onStore } = options;
    const { duplicateWindowMs } = plan;
    this.documents = new SimDocuments(plan.rules);
    this.clock = new SimProcess(this.loop, { random, diesAt: 0, delayMsMax: 0, skewMs: 0 });
    this.alerts = new AlertServer({ nowMs: () => this.loop.nowMs, duplicateWindowMs, forgetful, onStore });
    this.beginMs = this.clock.now();
    this.streams = new Map(STREAMS.map((name) => [name, new SimStream(name, this.clock)]));
    this.schedule(plan);
  }

  stream(name: string): SimStream {
    return this.streams.get(name) as SimStream;
  }

  /** Time in which nothing runs but the world. */
  pass(ms: number): void {
    const until = this.loop.nowMs + ms;
    let isOver = false;
    this.loop.after(ms, () => (isOver = true));
    while (!isOver && this.loop.nowMs <= until) this.loop.step();
  }

  /**
   * Behind all that a stream gets come events far ahead, which let time pass: after them nothing waits. Not where they would be dead
   * letters: there silence lets time pass.
   */
  endStream(name: string): void {
    if (name === 'u') return;
    const { lastMs } = this;
    for (const hours of [1, 2, 3, 4]) {
      this.arrive(name, lastMs + 1, { t: this.beginMs + lastMs + hours * 3_600_000, type: 'over', v: 0 });
    }
  }

  private schedule({ events, reloads }: Plan): void {
    const lastMs = events.at(-1)?.atMs ?? 0;
    for (const { stream, atMs, behindMs, type, k, v } of events) {
      this.arrive(stream, atMs, { t: this.beginMs + atMs - behindMs, type, name: NAMES[type], price: v, k, v });
    }
    this.lastMs = lastMs;
    for (const stream of this.streams.keys()) this.endStream(stream);
    for (const { atMs, variant } of reloads) {
      this.loop.after(atMs, () => {
        this.documents.variant = variant;
        this.options.onFilesChanged();
      });
    }
  }

  private arrive(stream: string, atMs: number, payload: object): void {
    this.toArrive++;
    this.loop.after(atMs - this.loop.nowMs, () => {
      this.toArrive--;
      this.stream(stream).add(payload);
    });
  }
}
