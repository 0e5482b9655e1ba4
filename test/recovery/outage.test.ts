import { cpSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { TestNatsServer } from '../support/nats-server.js';
import { Service, ServicePlace } from './service.js';
import type { BuiltCli } from './service-process.js';
import { buildCli } from './service-process.js';
import { StreamTools } from './stream-tools.js';

const DOCUMENTS = `
kind: source
name: s
nats: { stream: IN, subjects: ["in.>"] }
start: all
event: { time: ts, type: type }
---
kind: rule
name: r
source: s
key: k
pattern:
  within: 1h
  sequence: [{ begin: x, where: "type = 'x'" }, { followedBy: y, where: "type = 'y'" }]
`;
const T0 = Date.parse('2024-05-01T00:00:00Z');
const at = (seconds: number, type: string, more: object = {}): string =>
  JSON.stringify({ ts: T0 + seconds * 1_000, type, k: 'k', ...more });

let cli: BuiltCli;
let server: TestNatsServer;
let place: ServicePlace;
const started: Service[] = [];
const opened: StreamTools[] = [];

beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  server = await TestNatsServer.reserve();
  place = new ServicePlace(cli, server.url, 'alerts').documents(DOCUMENTS);
});
afterEach(async () => {
  for (const service of started.splice(0)) await service.process.kill();
  for (const tools of opened.splice(0)) await tools.close();
  await server.dispose();
  place.dispose();
});

function start(...options: Parameters<ServicePlace['start']>): Service {
  const service = place.start(...options);
  started.push(service);
  return service;
}
async function openTools(): Promise<StreamTools> {
  const tools = await StreamTools.connect(server.url);
  opened.push(tools);
  return tools;
}
const takenIn = (service: Service, position: number): Promise<unknown> =>
  service.source('s', (one) => one.checkpointedPosition >= position);

describe('a NATS server', () => {
  test('that is absent at the start is waited for, said so, and the service begins when it comes', async () => {
    const service = start();
    await service.process.says('NATS is not reachable');
    expect(await service.health()).toBe(503);
    await server.start();
    const tools = await openTools();
    await tools.addStream('IN', ['in.>']);
    await tools.store('IN', 'in.a', [at(0, 'x')]);
    await service.running();
    await takenIn(service, 1);
    expect(await service.health()).toBe(200);
    expect((await service.process.kill('SIGTERM')).code).toBe(0);
  });

  test('that is absent for ever does not keep the service from stopping', async () => {
    const service = start();
    await service.process.says('NATS is not reachable');
    expect((await service.process.kill('SIGTERM')).code).toBe(0);
  });

  test('that is lost while alerts come is waited for; nothing is lost, nothing comes twice', async () => {
    await server.start();
    const tools = await openTools();
    await tools.addStream('IN', ['in.>']);
    await tools.addStream('alerts', ['alerts.>']);
    const service = await start().running();
    for (let round = 0; round < 2; round++) {
      const pairs = Array.from({ length: 300 }, (_, i) => round * 600 + i * 2);
      await tools.store(
        'IN',
        'in.a',
        pairs.flatMap((s) => [at(s, 'x', { k: `k${s}` }), at(s + 1, 'y', { k: `k${s}` })]),
      );
      await server.kill();
      await service.process.says('NATS connection lost');
      await server.start();
      await tools.connected();
    }
    await tools.store('IN', 'in.a', [at(90_000, 'over')]);
    await takenIn(service, 1_201);
    expect((await service.process.kill('SIGTERM')).code).toBe(0);
    const ids = (await tools.read('alerts')).map(({ id }) => id);
    expect(ids).toHaveLength(600);
    expect(new Set(ids).size).toBe(600);
  }, 60_000);
});

describe('a state directory', () => {
  const filesOf = (directory: string): Map<string, string> =>
    new Map(
      readdirSync(directory, { recursive: true, encoding: 'utf8' })
        .filter((name) => statSync(join(directory, name)).isFile() && !/LOG|LOCK/.test(name))
        .map((name) => [name, readFileSync(join(directory, name), 'latin1')]),
    );
  const lived = async (): Promise<StreamTools> => {
    await server.start();
    const tools = await openTools();
    await tools.addStream('IN', ['in.>']);
    const service = await start().running();
    await tools.store('IN', 'in.a', [at(0, 'x'), at(1, 'other')]);
    await takenIn(service, 2);
    expect((await service.process.kill('SIGTERM')).code).toBe(0);
    return tools;
  };

  test('held by another process is refused, with its path', async () => {
    await server.start();
    const first = await start().running();
    const { code, stderr } = await start().process.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/is held by another process/);
    expect(stderr).toContain(place.state);
    expect((await first.status()).state).toBe('running');
  });

  test('that is damaged is refused, and nothing of it is deleted or changed', async () => {
    await lived();
    const database = join(place.state, 'db');
    const manifest = readdirSync(database).find((name) => name.startsWith('MANIFEST')) as string;
    const bytes = readFileSync(join(database, manifest));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 0xff;
    writeFileSync(join(database, manifest), bytes);
    // Nothing good is retained either.
    rmSync(join(place.state, 'retained'), { recursive: true });
    const before = filesOf(place.state);
    const { code, stderr } = await start({ args: ['--retained', '0'] }).process.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/is damaged/);
    expect(stderr).not.toMatch(/ {4}at /);
    expect(filesOf(place.state)).toEqual(before);
  });

  test('on a disk without room stops the service with its reason; with room again nothing was lost', async () => {
    const tools = await lived();
    const filler = 'x'.repeat(20_000);
    const many = Array.from({ length: 200 }, (_, i) => at(2 + i, 'x', { k: `k${i}`, filler: `${i} ${filler}` }));
    await tools.store('IN', 'in.a', [...many, at(900, 'over')]);
    const full = start({ fileKibMax: 300 });
    const { code, stderr } = await full.process.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/disk-full/);
    await tools.store('IN', 'in.a', [
      at(1_000, 'y'),
      at(1_001, 'y', { k: 'k7' }),
      at(90_000, 'over'),
      at(90_001, 'over'),
    ]);
    const service = await start().running();
    await takenIn(service, 207);
    expect((await service.process.kill('SIGTERM')).code).toBe(0);
    expect(await tools.read('alerts')).toHaveLength(2);
  }, 60_000);

  test('can be copied while the service is down, and goes on elsewhere', async () => {
    const tools = await lived();
    const copy = new ServicePlace(cli, server.url, 'alerts').documents(DOCUMENTS);
    cpSync(place.state, copy.state, { recursive: true });
    await tools.store('IN', 'in.a', [at(2, 'y'), at(90_000, 'over')]);
    const service = new Service(copy.start().process);
    started.push(service);
    await service.running();
    await takenIn(service, 4);
    expect((await service.process.kill('SIGTERM')).code).toBe(0);
    expect(await tools.read('alerts')).toHaveLength(1);
    copy.dispose();
  });
});
