/**
 * The quickstart's services, in a process of their own: NATS, and Weir when asked. A child process with a channel to its parent; in another
 * process group, so that Ctrl-C reaches only the parent and the two stop in order: first Weir (with a last checkpoint), then NATS. When the
 * channel closes, however the parent ended, both stop.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startNatsServer } from '../nats-server.mjs';
import { projectDir } from '../project.mjs';

const weirStopMs = 20_000;
let weir;
let nats;
let stopping;

function tell(message) {
  if (process.connected) process.send(message);
}

/** `dir`: of this run. The server is the one found or obtained by the parent. */
async function startNats({ dir, binary }) {
  nats = await startNatsServer({ binary, dataDir: join(dir, 'nats') });
  const { url, port, version } = nats;
  tell({ type: 'nats', url, port, version });
  void nats.exited.then((code) => tell({ type: 'ended', what: 'nats-server', code, output: nats.output() }));
}

function startWeir({ dir, port, documents }) {
  const rules = documents.flatMap((folder) => ['--rules', folder]);
  const args = ['dist/cli/main.js', 'serve', ...rules, '--state', join(dir, 'state'), '--nats', nats.url];
  weir = spawn(process.execPath, [...args, '--port', String(port)], {
    cwd: projectDir,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log = createWriteStream(join(dir, 'weir.log'));
  createInterface({ input: weir.stderr }).on('line', (line) => {
    log.write(`${line}\n`);
    tell({ type: 'log', line });
  });
  weir.once('error', (error) => tell({ type: 'ended', what: 'weir', code: -1, output: error.message }));
  weir.exited = new Promise((fulfil) => weir.once('exit', (code) => fulfil(code)));
  void weir.exited.then((code) => tell({ type: 'ended', what: 'weir', code }));
}

async function stop() {
  if (weir !== undefined) {
    weir.kill('SIGTERM');
    const timer = setTimeout(() => weir.kill('SIGKILL'), weirStopMs);
    await weir.exited;
    clearTimeout(timer);
  }
  await nats?.stop();
  process.exit();
}

const stopOnce = () => (stopping ??= stop());

process.on('message', (message) => {
  if (message.type === 'start-nats') startNats(message).catch((error) => tell({ type: 'failed', text: error.message }));
  else if (message.type === 'start-weir') startWeir(message);
  else stopOnce();
});
process.on('disconnect', stopOnce);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stopOnce);
