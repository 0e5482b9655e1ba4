/** The parent's side of services.mjs, and the API of the running service. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../nats-server.mjs';

const child = fileURLToPath(new URL('services.mjs', import.meta.url));
const startTimeoutMs = 60_000;
const pollMs = 100;
const usualPort = 8080;

/** The port of the API: the usual one where it is free. */
export async function choosePort(named) {
  if (named !== undefined) return named;
  const free = await new Promise((fulfil) => {
    const server = createServer();
    server.once('error', () => fulfil(false));
    server.listen(usualPort, '127.0.0.1', () => server.close(() => fulfil(true)));
  });
  return free ? usualPort : freePort();
}

/** One of the services ended by itself, or could not start. */
export class ServiceError extends Error {}

export class Services {
  #process;
  #exited;
  #listeners = [];
  #failure;
  nats;
  api;
  token;

  /** `dir`: of this run, for data, state and log. */
  constructor(dir) {
    this.dir = dir;
    this.logFile = join(dir, 'weir.log');
    this.#process = fork(child, [], { detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#process.on('message', (message) => this.#receive(message));
    this.#exited = new Promise((fulfil) => this.#process.once('exit', fulfil));
  }

  /** Called with every record of the service's log. */
  onLog(listener) {
    this.#listeners.push(listener);
  }

  async startNats(binary) {
    this.#process.send({ type: 'start-nats', dir: this.dir, binary });
    await this.#until('NATS starts', () => this.nats !== undefined);
    return this.nats;
  }

  /** Resolves when documents are in force and the API answers. */
  async startWeir({ port, documents }) {
    let running = false;
    this.onLog(({ msg }) => {
      running ||= msg === 'weir is running';
    });
    this.#process.send({ type: 'start-weir', dir: this.dir, port, documents });
    await this.#until('the service starts', () => running);
    this.api = `http://127.0.0.1:${port}`;
    this.token = readFileSync(join(this.dir, 'state', 'api-token'), 'utf8').trim();
  }

  async status() {
    this.check();
    const response = await fetch(`${this.api}/api/v1/status`, { headers: { authorization: `Bearer ${this.token}` } });
    if (!response.ok) throw new ServiceError(`GET /api/v1/status: ${response.status}`);
    return response.json();
  }

  /** Throws if a service ended. */
  check() {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Weir first, with a last checkpoint, then NATS. */
  async stop() {
    if (this.#process.connected) this.#process.disconnect();
    await this.#exited;
  }

  async #until(what, condition) {
    const until = Date.now() + startTimeoutMs;
    while (!condition()) {
      this.check();
      if (Date.now() > until) throw new ServiceError(`Waited ${startTimeoutMs / 1000} s in vain until ${what}.`);
      await new Promise((fulfil) => setTimeout(fulfil, pollMs));
    }
  }

  #receive(message) {
    if (message.type === 'nats') this.nats = message;
    else if (message.type === 'failed') this.#failure ??= new ServiceError(message.text);
    else if (message.type === 'ended')
      this.#failure ??= new ServiceError(`${message.what} ended with ${message.code}. ${message.output ?? ''}`.trim());
    else for (const listener of this.#listeners) listener(readRecord(message.line));
  }
}

/** A line of the log is JSON; what else comes on standard error is kept as text. */
function readRecord(line) {
  try {
    return JSON.parse(line);
  } catch {
    return { msg: line };
  }
}
