/**
 * Runs a nats-server as a child process on a free port, obtaining one if there is none. Used by the quickstart, the tests and CI.
 *
 *   node scripts/nats-server.mjs [--port 4222] [--data DIR] [--max-payload BYTES] [--sync-interval always|10s] [--locate]
 *
 * A server that is already running is never touched: this only ever stops the child it started, and the child ends with its parent.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { natsServerVersion, obtainNatsServer } from './nats-server-binary.mjs';

export { cacheDir, findNatsServer, natsServerVersion, obtainNatsServer } from './nats-server-binary.mjs';

const readyTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;
const startAttemptsMax = 5;
const portMin = 12_000;
const portMax = 32_000;
const portAttemptsMax = 100;

/**
 * A port nobody listens on now. Below the range systems give to outgoing connections: a server that is stopped and started again must find
 * its port still free.
 */
export async function freePort() {
  for (let attempt = 0; attempt < portAttemptsMax; attempt++) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (await canListen(port)) return port;
  }
  throw new Error(`No free port between ${portMin} and ${portMax} was found in ${portAttemptsMax} attempts.`);
}

function canListen(port) {
  return new Promise((fulfil) => {
    const server = createServer();
    server.once('error', () => fulfil(false));
    server.listen(port, '127.0.0.1', () => server.close(() => fulfil(true)));
  });
}

/** The server's configuration file. `extra` is appended as it is (authorization, tls, accounts). */
function configText({ name, port, dataDir, maxPayload, syncInterval, extra = '' }) {
  return [
    `server_name: ${name}`,
    `listen: 127.0.0.1:${port}`,
    ...(maxPayload === undefined
      ? []
      : [`max_payload: ${maxPayload}`, `max_pending: ${Math.max(64 * 1024 * 1024, 2 * maxPayload)}`]),
    'jetstream {',
    `  store_dir: ${JSON.stringify(dataDir)}`,
    ...(syncInterval === undefined ? [] : [`  sync_interval: ${syncInterval}`]),
    '}',
    extra,
    '',
  ].join('\n');
}

/**
 * Starts a server on the loopback address and waits until it takes connections. Options, all optional: `binary`, `port` (default: a free one),
 * `dataDir` (default: a temporary one, removed at `stop`), `maxPayload` (bytes), `syncInterval` (`always`, `10s`; servers from 2.10 on),
 * `extra` (configuration text), `say`. Rejects when the port is taken: a server that is already there is never touched.
 */
export async function startNatsServer(options = {}) {
  const binary = options.binary ?? (await obtainNatsServer({ say: options.say }));
  const version = natsServerVersion(binary);
  if (options.syncInterval !== undefined && /^2\.[0-9]\./.test(version)) {
    throw new Error(
      `nats-server ${version} has no sync_interval (it came with 2.10): leave it out, or name a newer server in NATS_SERVER_BIN.`,
    );
  }
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    try {
      return await startOn({ ...options, binary, version, port });
    } catch (error) {
      const isTaken = error instanceof Error && error.message.includes('address already in use');
      if (!isTaken || options.port !== undefined || attempt === startAttemptsMax) throw error;
    }
  }
}

async function startOn(options) {
  const temporary = mkdtempSync(join(tmpdir(), 'weir-nats-'));
  const dataDir = options.dataDir ?? join(temporary, 'data');
  mkdirSync(dataDir, { recursive: true });
  // Known by its name: should another server sit on the port, its greeting is not taken for ours.
  const name = `weir-${randomUUID()}`;
  const configFile = join(temporary, 'nats.conf');
  writeFileSync(configFile, configText({ ...options, name, dataDir }));
  const child = spawn(options.binary, ['-c', configFile], { stdio: ['ignore', 'ignore', 'pipe'], detached: false });
  const output = keepTail(child.stderr);
  const exited = new Promise((fulfil) => {
    child.once('error', () => fulfil(-1));
    // Not `exit`: what it said last must be read before it is quoted.
    child.once('close', (code) => fulfil(code ?? -1));
  });
  const release = endWithParent(child, temporary);
  const cleanUp = () => {
    release();
    rmSync(temporary, { recursive: true, force: true });
  };
  void exited.then(cleanUp);
  const outcome = await Promise.race([
    waitUntilReady({ port: options.port, name, child }),
    exited.then((code) => `nats-server exited with ${code}: ${output()}`),
  ]);
  if (typeof outcome === 'string') {
    child.kill('SIGKILL');
    throw new Error(outcome);
  }
  return { ...describe(options, dataDir, child), exited, output, ...endings(child, exited) };
}

function describe({ port, version, binary }, dataDir, child) {
  return { url: `nats://127.0.0.1:${port}`, port, version, binary, dataDir, pid: child.pid };
}

/** `stop`: in order, then by force. `kill`: as a crash would. Both resolve when the process is gone. */
function endings(child, exited) {
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await exited;
    clearTimeout(timer);
  };
  return { stop, kill };
}

/** The last of what the server wrote, for an error message. */
function keepTail(stream) {
  let tail = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    tail = (tail + chunk).slice(-8_192);
  });
  return () => tail.trim();
}

/** What the guard does: waits for the pipe to close, ends the server (1), gives it a moment, removes its directory (2). */
const guardScript = 'cat >/dev/null; kill -TERM "$1" 2>/dev/null; sleep 1; rm -rf "$2"';

/**
 * The child ends with its parent, however that ends: a shell holds the reading end of a pipe from us; when we are gone the pipe closes,
 * and the shell ends the server. Elsewhere than on POSIX only an orderly end of the parent stops it.
 */
function endWithParent(child, temporary) {
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  if (process.platform === 'win32' || child.pid === undefined) return () => process.off('exit', onExit);
  const guard = spawn('sh', ['-c', guardScript, 'sh', String(child.pid), temporary], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  guard.stdin.unref?.();
  return () => {
    process.off('exit', onExit);
    guard.kill('SIGKILL');
  };
}

/** True once the server of that name greets; a text saying why not. */
async function waitUntilReady({ port, name, child }) {
  const until = Date.now() + readyTimeoutMs;
  while (Date.now() < until && child.exitCode === null) {
    if (await greets(port, name)) return true;
    await new Promise((fulfil) => setTimeout(fulfil, 20));
  }
  return `nats-server was not ready on port ${port} within ${readyTimeoutMs} ms`;
}

function greets(port, name) {
  return new Promise((fulfil) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (ready) => {
      socket.destroy();
      fulfil(ready);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('data', (data) => settle(isGreetingOf(data.toString('utf8'), name)));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

function isGreetingOf(greeting, name) {
  return greeting.startsWith('INFO ') && greeting.includes(`"server_name":"${name}"`);
}

async function main(args) {
  const value = (name) => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? undefined : args[at + 1];
  };
  const number = (name) => (value(name) === undefined ? undefined : Number(value(name)));
  const binary = await obtainNatsServer();
  if (args.includes('--locate')) {
    console.log(binary);
    return;
  }
  const server = await startNatsServer({
    binary,
    port: number('port'),
    dataDir: value('data'),
    maxPayload: number('max-payload'),
    syncInterval: value('sync-interval'),
  });
  console.log(`nats-server ${server.version} is ready at ${server.url} (pid ${server.pid}), data in ${server.dataDir}`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.stop());
  await server.exited;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
