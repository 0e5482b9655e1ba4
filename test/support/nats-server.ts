import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startNatsServer } from '../../scripts/nats-server.mjs';
import type { NatsServer, NatsServerOptions } from '../../scripts/nats-server.mjs';

export type TestServerOptions = Pick<NatsServerOptions, 'maxPayload' | 'syncInterval' | 'extra'>;

/** A real nats-server on a free port, with a directory of its own; it can be stopped, killed and started again in the same place. */
export class TestNatsServer {
  #server: NatsServer | undefined;

  private constructor(
    readonly port: number,
    readonly dir: string,
    private options: TestServerOptions,
  ) {}

  /** A place for a server that does not run yet. */
  static async reserve(options: TestServerOptions = {}): Promise<TestNatsServer> {
    return new TestNatsServer(await freePort(), mkdtempSync(join(tmpdir(), 'weir-test-nats-')), options);
  }

  static async start(options: TestServerOptions = {}): Promise<TestNatsServer> {
    const server = await TestNatsServer.reserve(options);
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it again on the same port and directory, with other options if given. */
  async start(options: TestServerOptions = this.options): Promise<void> {
    this.options = options;
    this.#server = await startNatsServer({ ...options, port: this.port, dataDir: join(this.dir, 'data') });
  }

  /** In order, as an operator does. */
  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** At once, as a crash does. */
  async kill(): Promise<void> {
    await this.#server?.kill();
    this.#server = undefined;
  }

  /** It stops answering, but its connections stay open. Only `kill` and `dispose` end it then. */
  async freeze(): Promise<void> {
    if (this.#server === undefined) return;
    process.kill(this.#server.pid, 'SIGSTOP');
    // The signal takes effect a moment later, longer on a busy machine.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }

  /** It goes on after `freeze`. */
  thaw(): void {
    if (this.#server !== undefined) process.kill(this.#server.pid, 'SIGCONT');
  }

  /** Runs a server on the same directory but another port for a while: what happens there happens behind everybody's back. Only while it is down. */
  async elsewhere(work: (url: string) => Promise<void>): Promise<void> {
    const other = await startNatsServer({ ...this.options, dataDir: join(this.dir, 'data') });
    try {
      await work(other.url);
    } finally {
      await other.stop();
    }
  }

  /** Forgets what was stored. Only while it is down. */
  wipe(): void {
    rmSync(join(this.dir, 'data'), { recursive: true, force: true });
  }

  /** Stops it and removes its directory. */
  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
