import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';

/** An operator with one account that has JetStream, and users with credentials files: what `nsc` would make. */
export interface Operator {
  readonly serverConfig: string;
  file(user: string): string;
  /** Makes a user and writes its credentials; the file. */
  writeUser(name: string): string;
}

type KeyPair = ReturnType<typeof nkeys.createUser>;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const base64url = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');

export function writeOperator(dir: string): Operator {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  const system = nkeys.createAccount();
  const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const jetStream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const systemJwt = sign(operator, system, 'SYS', { type: 'account', limits: unlimited });
  const accountJwt = sign(operator, account, 'APP', { type: 'account', limits: { ...unlimited, ...jetStream } });
  const operatorJwt = sign(operator, operator, 'OP', { type: 'operator', system_account: system.getPublicKey() });
  const file = (user: string): string => join(dir, `${user}.creds`);
  return {
    serverConfig: [
      `operator: ${operatorJwt}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }`,
    ].join('\n'),
    file,
    writeUser: (name) => {
      const user = nkeys.createUser();
      const jwt = sign(account, user, name, { type: 'user', subs: -1, data: -1, payload: -1, pub: {}, sub: {} });
      writeFileSync(file(name), credsText(jwt, text(user.getSeed())));
      return file(name);
    },
  };
}

/** A NATS JWT: claims about a key, signed by another (or the same) key. */
function sign(issuer: KeyPair, subject: KeyPair, name: string, nats: Record<string, unknown>): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
    nats: { ...nats, version: 2 },
  };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const head = base64url(JSON.stringify({ typ: 'JWT', alg: 'ed25519-nkey' }));
  const body = base64url(JSON.stringify({ jti, ...claims }));
  return `${head}.${body}.${base64url(issuer.sign(Buffer.from(`${head}.${body}`)))}`;
}

function credsText(jwt: string, seed: string): string {
  return [
    '-----BEGIN NATS USER JWT-----',
    jwt,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    seed,
    '------END USER NKEY SEED------',
    '',
  ].join('\n');
}
