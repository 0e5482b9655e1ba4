/** A server with a backlog, and what a service left alone publishes for it: what runs with faults are compared with. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestNatsServer } from '../support/nats-server.js';
import { KILL_DOCUMENTS } from './kill-documents.js';
import { killEvents } from './kill-events.js';
import type { Place } from './kill-run.js';
import { finish, lines, publish } from './kill-run.js';
import { buildCli } from './service-process.js';
import type { Published } from './stream-tools.js';
import { StreamTools } from './stream-tools.js';

const SHOWN_MAX = 5;
const POLL_MS = 2;

/** So slow, for its keys are in the store alone and it commits all the time, that faults meet it at work. */
export const SLOW = { checkpointMs: 20, stateMemoryMib: 0 };

export class FaultPlace {
  private constructor(
    readonly place: Place,
    readonly server: TestNatsServer,
    readonly tools: StreamTools,
    readonly expected: readonly string[],
  ) {}

  static async open(seed: number, messages: number): Promise<FaultPlace> {
    const [cli, server] = await Promise.all([buildCli(), TestNatsServer.start()]);
    const root = mkdtempSync(join(tmpdir(), 'weir-faults-'));
    const rules = join(root, 'rules');
    mkdirSync(rules);
    writeFileSync(join(rules, 'kill.yaml'), KILL_DOCUMENTS);
    const place = { cli, url: server.url, rules, root };
    const tools = await StreamTools.connect(server.url);
    await tools.addStream('PAYMENTS', ['payments.>']);
    await tools.addStream('LOGINS', ['logins.*']);
    for (const slice of killEvents(seed, messages, 1)) await publish(tools, slice);
    await tools.addStream('alone', ['alone.>']);
    return new FaultPlace(place, server, tools, lines(await finish(place, tools, 'alone'), 'alone'));
  }

  /** Makes the alert stream of a run. */
  async begin(run: string): Promise<void> {
    await this.tools.addStream(run, [`${run}.>`]);
  }

  /** Waits until the run has published something, and this share of what it will; gives how many that are. */
  async published(run: string, share: number): Promise<number> {
    for (;;) {
      const count = await this.tools.count(run);
      if (count > 0 && count >= this.expected.length * share) return count;
      await sleep(POLL_MS);
    }
  }

  /** Where the run's messages are not those of the service left alone, whatever came twice; some of each. */
  differences(all: readonly Published[], run: string): { missing: string[]; extra: string[] } {
    const got = new Set(lines(all, run));
    const missing = this.expected.filter((line) => !got.delete(line));
    return { missing: missing.slice(0, SHOWN_MAX), extra: [...got].slice(0, SHOWN_MAX) };
  }

  async dispose(): Promise<void> {
    await this.tools.close();
    await this.server.dispose();
    this.place.cli.remove();
    rmSync(this.place.root, { recursive: true, force: true });
  }
}
