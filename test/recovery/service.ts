/** A place where the service runs, may be stopped and started, and is asked over its API. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineStatus, SourceStatus } from '../../src/ports/control.js';
import type { BuiltCli, StartOptions } from './service-process.js';
import { CliProcess } from './service-process.js';

const TOKEN = 'a-token-for-tests-only-0123456789';

export interface ApiAnswer {
  readonly status: number;
  readonly body: {
    readonly detail?: string;
    readonly diagnostics?: readonly { readonly code: string; readonly message: string; readonly pointer: string }[];
  };
}

export class ServicePlace {
  readonly root = mkdtempSync(join(tmpdir(), 'weir-service-'));
  readonly rules = join(this.root, 'rules');
  readonly data = join(this.root, 'data');
  readonly state = join(this.root, 'state');

  constructor(
    private readonly cli: BuiltCli,
    readonly nats: string,
    readonly name: string,
  ) {
    for (const directory of [this.rules, this.data]) mkdirSync(directory);
  }

  documents(text: string): this {
    writeFileSync(join(this.rules, 'rules.yaml'), text);
    return this;
  }

  start(options: StartOptions & { readonly args?: readonly string[] } = {}): Service {
    const { rules, data, state, nats, name, cli } = this;
    const given = { rules, data, state, nats, port: '0', 'alert-stream': name, 'alert-prefix': name, token: TOKEN };
    const args = Object.entries(given).flatMap(([option, value]) => [`--${option}`, value]);
    return new Service(new CliProcess(cli, ['serve', ...args, '--no-nats-api', ...(options.args ?? [])], options));
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export class Service {
  constructor(readonly process: CliProcess) {}

  /** Where the API listens, which it does before anything else works. */
  async url(): Promise<string> {
    const line = await this.process.says('API listening');
    return (JSON.parse(line) as { url: string }).url;
  }

  async running(): Promise<this> {
    await this.process.says('weir is running');
    return this;
  }

  async status(): Promise<EngineStatus> {
    const answer = await fetch(`${await this.url()}/api/v1/status`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return (await answer.json()) as EngineStatus;
  }

  /** Waits until the source is as wanted. */
  async source(name: string, wanted: (source: SourceStatus) => boolean): Promise<SourceStatus> {
    for (;;) {
      const found = (await this.status()).sources.find((one) => one.name === name);
      if (found !== undefined && wanted(found)) return found;
      await sleep(30);
    }
  }

  async health(): Promise<number> {
    return (await fetch(`${await this.url()}/health/ready`)).status;
  }

  async put(kind: 'sources' | 'patterns' | 'rules', name: string, text: string): Promise<ApiAnswer> {
    const answer = await fetch(`${await this.url()}/api/v1/${kind}/${name}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/yaml' },
      body: text,
    });
    return { status: answer.status, body: (await answer.json()) as ApiAnswer['body'] };
  }
}
