import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectNats } from '../../../src/adapters/nats/connection.js';
import type { NatsLink } from '../../../src/adapters/nats/connection.js';
import type { NatsOptions } from '../../../src/adapters/nats/connection-options.js';
import { natsSourceOpener } from '../../../src/adapters/nats/source-opener.js';
import { natsAlertSink } from '../../../src/adapters/nats/alert-sink.js';
import { TestNatsServer } from '../../support/nats-server.js';
import { CollectedLog, natsSource, read, until } from './nats-fixture.js';
import { writeCertificates } from './certificates.js';
import type { Certificates } from './certificates.js';
import { writeOperator } from './operator.js';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
let dir: string;
const undo: (() => Promise<void>)[] = [];
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-auth-'));
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function serve(extra: string): Promise<TestNatsServer> {
  const server = await TestNatsServer.start({ extra });
  undo.push(() => server.dispose());
  return server;
}

async function link(options: NatsOptions, log = new CollectedLog()): Promise<NatsLink> {
  const made = await connectNats(options, log);
  undo.push(() => made.close());
  return made;
}

async function expectConnected(options: NatsOptions): Promise<NatsLink> {
  const made = await link(options);
  await made.ready();
  expect(made.status().connected).toBe(true);
  return made;
}

async function expectRefused(options: NatsOptions, reason: RegExp): Promise<void> {
  const log = new CollectedLog();
  const made = await link(options, log);
  await until(() => made.status().lastError !== undefined);
  expect(made.status().lastError).toMatch(reason);
  expect(made.status().state).toBe('waiting');
  expect(log.said('NATS is not reachable')).toHaveLength(1);
  await made.close();
}

describe('a link logs in', () => {
  it('with user and password, as options or in the address', async () => {
    const { url, port } = await serve('authorization { user: ann, password: "s3cret:@/" }');
    await expectConnected({ servers: url, user: 'ann', pass: 's3cret:@/' });
    await expectConnected({ servers: `nats://ann:${encodeURIComponent('s3cret:@/')}@127.0.0.1:${port}` });
    await expectRefused({ servers: url, user: 'ann', pass: 'wrong' }, /Authorization/i);
    await expectRefused({ servers: url }, /Authorization/i);
  });

  it('with a token, as option or in the address', async () => {
    const { url, port } = await serve('authorization { token: t0ken }');
    await expectConnected({ servers: url, token: 't0ken' });
    await expectConnected({ servers: `nats://t0ken@127.0.0.1:${port}` });
    await expectRefused({ servers: url, token: 'other' }, /Authorization/i);
  });

  it('with an nkey, as seed or in a file', async () => {
    const user = nkeys.createUser();
    const seed = text(user.getSeed());
    const { url } = await serve(`authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`);
    await expectConnected({ servers: url, nkey: seed });
    const file = join(dir, 'user.nk');
    writeFileSync(file, `${seed}\n`);
    await expectConnected({ servers: url, nkey: file });
    await expectRefused({ servers: url, nkey: text(nkeys.createUser().getSeed()) }, /Authorization/i);
    writeFileSync(file, 'not a seed');
    await expect(connectNats({ servers: url, nkey: file }, new CollectedLog())).rejects.toMatchObject({ code: 'auth' });
  });

  it('with a credentials file, read again at every connect, and uses JetStream under its account', async () => {
    const operator = writeOperator(dir);
    const server = await serve(operator.serverConfig);
    const made = await expectConnected({ servers: server.url, creds: operator.writeUser('app') });
    const log = new CollectedLog();
    const sink = natsAlertSink(made, {}, log);
    const [ack] = await sink.publish([{ id: '1', subject: 'weir.alerts.a.b', contentType: 'text/plain', body: 'x' }]);
    expect(ack).toMatchObject({ seq: 1, duplicate: false });
    const reader = await natsSourceOpener(made, {}, log).open(natsSource('WEIR_ALERTS', ['>']), { kind: 'all' });
    expect((await read(reader, (r) => r.messages.length >= 1)).messages[0]).toMatchObject({ seq: 1, text: 'x' });
    await reader.close();
    await sink.close();
    // Rotated: another user in the same file, and the file broken in between.
    writeFileSync(operator.file('app'), 'half a fi');
    await server.kill();
    await server.start();
    await made.ready();
    expect(made.status().connected).toBe(true);
    await expect(connectNats({ servers: server.url, creds: operator.file('app') }, log)).rejects.toMatchObject({
      code: 'auth',
    });
  });
});

describe('a link is encrypted', () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = writeCertificates(dir);
  });
  const tls = (more = ''): string =>
    `tls { cert_file: ${JSON.stringify(certificates.serverCert)}, key_file: ${JSON.stringify(certificates.serverKey)} ${more} }`;

  it('with TLS, the server known by its authority', async () => {
    const { url, port } = await serve(tls());
    await expectConnected({ servers: url, tls: { ca: certificates.ca } });
    await expectConnected({ servers: `tls://localhost:${port}`, tls: { ca: certificates.caText } });
    await expectRefused({ servers: `tls://127.0.0.1:${port}` }, /self.signed|unable to verify|issuer/i);
  });

  it('with TLS on both sides', async () => {
    const { url } = await serve(tls(`, ca_file: ${JSON.stringify(certificates.ca)}, verify: true`));
    const { ca, clientCert, clientKey } = certificates;
    await expectConnected({ servers: url, tls: { ca, cert: clientCert, key: clientKey } });
    const without = new CollectedLog();
    const made = await link({ servers: url, tls: { ca } }, without);
    await until(() => made.status().lastError !== undefined);
    expect(made.status().connected).toBe(false);
  });

  it('or not at all, when the server has no TLS and we insist', async () => {
    const { url } = await serve('');
    await expectRefused({ servers: url, tls: { ca: certificates.ca } }, /does not support 'tls'/);
  });

  it('by its address alone, when that is what the certificate names', async () => {
    const byAddress = writeCertificates(mkdtempSync(join(dir, 'address-')), 'IP:127.0.0.1');
    const { serverCert, serverKey, ca } = byAddress;
    const { url } = await serve(
      `tls { cert_file: ${JSON.stringify(serverCert)}, key_file: ${JSON.stringify(serverKey)} }`,
    );
    await expectConnected({ servers: url, tls: { ca } });
  });

  it('only to the name in the certificate', async () => {
    const other = writeCertificates(mkdtempSync(join(dir, 'other-')), 'DNS:elsewhere.example');
    const server = await serve(
      `tls { cert_file: ${JSON.stringify(other.serverCert)}, key_file: ${JSON.stringify(other.serverKey)} }`,
    );
    await expectRefused({ servers: `tls://localhost:${server.port}`, tls: { ca: other.ca } }, /altnames|Hostname/i);
    await expectRefused({ servers: `tls://127.0.0.1:${server.port}`, tls: { ca: other.ca } }, /altnames|Hostname|IP/i);
  });
});

it('openssl is there to make certificates', () => {
  expect(execFileSync('openssl', ['version'], { encoding: 'utf8' })).toMatch(/SSL/);
});
