/** `weir serve` as it is installed: a process of its own, LevelDB on a disk, a nats-server beside it, reached over its API alone. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import type { EngineStatus } from '../../src/ports/control.js';
import type { BuiltCli, Ended } from '../recovery/service-process.js';
import { CliProcess } from '../recovery/service-process.js';

const TOKEN = 'live-engine-token';
const REQUEST_MS_MAX = 10_000;

export interface LiveAnswer {
  readonly status: number;
  readonly text: string;
  json<T = Record<string, unknown>>(): T;
}

export interface LiveAlert {
  readonly id: string;
  readonly subject?: string;
  readonly time: string;
  readonly data: {
    readonly rule: string;
    readonly title: string;
    readonly ruleRevision: number;
    readonly stages: readonly { readonly stage: string; readonly events: readonly { readonly id: string }[] }[];
  };
}

/** A place for one service: directories of its own, a prefix of its own at the NATS server. */
export class LiveService {
  private process: CliProcess | undefined;
  private url = '';
  private readonly published: LiveAlert[] = [];

  private constructor(
    private readonly cli: BuiltCli,
    private readonly natsUrl: string,
    readonly name: string,
    readonly root: string,
    private readonly nats: NatsConnection,
  ) {}

  static async create(cli: BuiltCli, natsUrl: string, name: string): Promise<LiveService> {
    const root = mkdtempSync(join(tmpdir(), `weir-live-${name}-`));
    for (const directory of ['rules', 'data']) mkdirSync(join(root, directory));
    const nats = await connect({ servers: natsUrl });
    const service = new LiveService(cli, natsUrl, name, root, nats);
    nats.subscribe(`${name}.alerts.>`, {
      callback: (_error, message) => void service.published.push(message.json<LiveAlert>()),
    });
    await nats.flush();
    return service;
  }

  /** Options of `serve`; later ones win. */
  run(...more: readonly string[]): CliProcess {
    const { root, name } = this;
    const places = ['--rules', join(root, 'rules'), '--state', join(root, 'state'), '--data', join(root, 'data')];
    const nats = ['--nats', this.natsUrl, '--nats-api-prefix', `${name}.api`];
    const alerts = ['--alert-stream', name.toUpperCase(), '--alert-prefix', `${name}.alerts`];
    return new CliProcess(this.cli, ['serve', ...places, ...nats, ...alerts, '--port', '0', '--token', TOKEN, ...more]);
  }

  async start(): Promise<void> {
    this.process = this.run();
    const line = JSON.parse(await this.process.says('weir is running')) as { api: string };
    this.url = line.api;
    await this.process.says('API over NATS attached');
  }

  /** As an operator does: SIGTERM. */
  async stop(): Promise<Ended | undefined> {
    const ended = await this.process?.kill('SIGTERM');
    this.process = undefined;
    return ended;
  }

  async dispose(): Promise<void> {
    await this.process?.kill();
    await this.nats.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  async http(method: 'GET' | 'PUT' | 'DELETE', path: string, yaml?: string): Promise<LiveAnswer> {
    const type: Record<string, string> = yaml === undefined ? {} : { 'content-type': 'application/yaml' };
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...type },
      ...(yaml === undefined ? {} : { body: yaml }),
    });
    const text = await response.text();
    return { status: response.status, text, json: <T>() => JSON.parse(text) as T };
  }

  /** Over NATS; the subject is what follows the prefix. */
  async ask(subject: string, body = ''): Promise<LiveAnswer> {
    const answer = await this.nats.request(`${this.name}.api.${subject}`, body, { timeout: REQUEST_MS_MAX });
    const code = answer.headers?.get('Nats-Service-Error-Code') ?? '';
    const text = answer.string();
    return { status: code === '' ? 200 : Number(code), text, json: <T>() => JSON.parse(text) as T };
  }

  async status(): Promise<EngineStatus> {
    return (await this.http('GET', '/api/v1/status')).json<EngineStatus>();
  }

  /** Alerts of a rule received over NATS so far. */
  alertsOf(rule: string): readonly LiveAlert[] {
    return this.published.filter(({ data }) => data.rule === rule);
  }

  /** Resolves with the alerts of a rule once there are so many; the test's own time limit ends the wait. */
  async alerts(rule: string, count: number): Promise<readonly LiveAlert[]> {
    while (this.alertsOf(rule).length < count) await sleep(10);
    return this.alertsOf(rule);
  }
}
