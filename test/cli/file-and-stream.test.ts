import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KILL_DOCUMENTS, LOGIN_SUBJECT, PAYMENT_SUBJECT } from '../recovery/kill-documents.js';
import { killEvents } from '../recovery/kill-events.js';
import { ServicePlace } from '../recovery/service.js';
import { CliProcess, buildCli } from '../recovery/service-process.js';
import { StreamTools } from '../recovery/stream-tools.js';
import { TestNatsServer } from '../support/nats-server.js';

const undo: (() => Promise<void> | void)[] = [];

test('the same events give the same alerts, ids and bodies, from files and from streams', async () => {
  try {
    const slices = killEvents(20_240_501, 4_000, 1);
    // What a file calls too far in the future depends on an arrival time, which these have not.
    const all = (of: 'payments' | 'logins'): string[] =>
      slices.flatMap((slice) => slice[of]).filter((line) => !line.includes('2090'));
    const fromFiles = await runFiles(all('payments'), all('logins'));
    const fromStreams = await serveStreams(all('payments'), all('logins'));
    expect(fromFiles.length).toBeGreaterThan(300);
    expect(fromStreams).toEqual(fromFiles);
  } finally {
    for (const step of undo.splice(0).reverse()) await step();
  }
}, 90_000);

const cliBuilt = buildCli().then((cli) => {
  undo.push(() => cli.remove());
  return cli;
});

/** Bodies of the alerts that `weir run` prints, sorted. */
async function runFiles(payments: readonly string[], logins: readonly string[]): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'weir-files-'));
  undo.push(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'rules'));
  const documents = KILL_DOCUMENTS.replace(/nats: \{ stream: PAYMENTS.*\}/, 'file: { path: payments.ndjson }').replace(
    /nats: \{ stream: LOGINS.*\}/,
    'file: { path: logins.ndjson }',
  );
  writeFileSync(join(root, 'rules', 'all.yaml'), documents);
  writeFileSync(join(root, 'payments.ndjson'), payments.map((line) => `${line}\n`).join(''));
  writeFileSync(join(root, 'logins.ndjson'), logins.map((line) => `${line}\n`).join(''));
  const { code, stdout, stderr } = await new CliProcess(await cliBuilt, ['run', 'rules', '--quiet'], { cwd: root })
    .ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

/** Bodies of the alerts that `weir serve` publishes, sorted. */
async function serveStreams(payments: readonly string[], logins: readonly string[]): Promise<string[]> {
  const server = await TestNatsServer.start();
  undo.push(() => server.dispose());
  const tools = await StreamTools.connect(server.url);
  undo.push(() => tools.close());
  await tools.addStream('PAYMENTS', ['payments.>']);
  await tools.addStream('LOGINS', ['logins.*']);
  await tools.addStream('alerts', ['alerts.>']);
  await tools.store('PAYMENTS', PAYMENT_SUBJECT, payments);
  await tools.store('LOGINS', LOGIN_SUBJECT, logins);
  const place = new ServicePlace(await cliBuilt, server.url, 'alerts').documents(KILL_DOCUMENTS);
  undo.push(() => place.dispose());
  const service = await place.start().running();
  undo.push(() => void service.process.kill());
  await service.source('payments', (one) => one.checkpointedPosition === payments.length);
  await service.source('logins', (one) => one.checkpointedPosition === logins.length);
  expect((await service.process.kill('SIGTERM')).code).toBe(0);
  return (await tools.read('alerts'))
    .filter(({ subject }) => !/^alerts\.(late|dead)\./.test(subject))
    .map(({ body }) => body)
    .sort();
}
