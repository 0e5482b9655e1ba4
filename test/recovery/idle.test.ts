import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestNatsServer } from '../support/nats-server.js';
import type { BuiltCli } from './service-process.js';
import { CliProcess, buildCli } from './service-process.js';
import type { Published } from './stream-tools.js';
import { StreamTools } from './stream-tools.js';

const DOCUMENTS = `
kind: source
name: doors
nats: { stream: DOORS, subjects: ["doors.>"] }
start: all
event: { time: ts, type: type }
watermark: { idleAfter: 500ms }
---
kind: rule
name: left-open
source: doors
key: door
pattern:
  sequence:
    - begin: opened
      where: type = 'opened'
    - notFollowedBy: closed
      where: type = 'closed'
      within: 2s
`;

describe('a stream that has gone silent', () => {
  let cli: BuiltCli;
  let server: TestNatsServer;
  let tools: StreamTools;
  let root: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'weir-idle-'));
    mkdirSync(join(root, 'rules'));
    writeFileSync(join(root, 'rules', 'doors.yaml'), DOCUMENTS);
    [cli, server] = await Promise.all([buildCli(), TestNatsServer.start()]);
    tools = await StreamTools.connect(server.url);
    await tools.addStream('DOORS', ['doors.>']);
    await tools.addStream('ALERTS', ['alerts.>']);
  });
  afterAll(async () => {
    await tools.close();
    await server.dispose();
    cli.remove();
    rmSync(root, { recursive: true, force: true });
  });

  const start = (): CliProcess => {
    const alerts = ['--alert-stream', 'ALERTS', '--alert-prefix', 'alerts', '--no-nats-api'];
    const places = [
      '--rules',
      join(root, 'rules'),
      '--state',
      join(root, 'state'),
      '--nats',
      server.url,
      '--port',
      '0',
    ];
    return new CliProcess(cli, ['serve', ...places, ...alerts]);
  };
  const send = (type: string, door: string): Promise<void> =>
    tools.store('DOORS', 'doors.front', [JSON.stringify({ ts: Date.now(), type, door })]);
  const alertsOf = async (door: string): Promise<Published[]> =>
    (await tools.read('ALERTS')).filter(({ body }) => (JSON.parse(body) as { subject: string }).subject === door);
  const alertFor = async (door: string): Promise<void> => {
    while ((await alertsOf(door)).length === 0) await sleep(50);
  };

  test('what did not happen is noticed without a further event', async () => {
    const service = start();
    await send('opened', 'north');
    await alertFor('north');
    expect((await service.kill('SIGTERM')).code).toBe(0);
  }, 60_000);

  test('and is noticed once, though the service is killed while it waits, and again when it has spoken', async () => {
    await send('opened', 'south');
    await send('opened', 'west');
    await send('closed', 'west');
    for (const ms of [0, 150, 400, 800]) {
      const service = start();
      await service.says('weir is running');
      await sleep(ms);
      await service.kill();
    }
    const service = start();
    await alertFor('south');
    await service.kill();
    const again = start();
    await again.says('weir is running');
    await send('opened', 'east');
    await alertFor('east');
    expect((await again.kill('SIGTERM')).code).toBe(0);
    expect(await alertsOf('south')).toHaveLength(1);
    expect(await alertsOf('west')).toHaveLength(0);
    expect(await tools.read('ALERTS')).toHaveLength(3);
  }, 60_000);
});
