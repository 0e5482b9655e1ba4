import { readFileSync } from 'node:fs';
import { checkServerIdentity } from 'node:tls';
import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';
import { credsAuthenticator, nkeyAuthenticator } from '@nats-io/transport-node';
import type { Authenticator, NodeConnectionOptions } from '@nats-io/transport-node';
import { natsLimits } from './limits.js';
import { reasonOf } from './backoff.js';

/** How to reach NATS and who we are. Texts marked "or file" are taken as a path unless they are the thing itself. */
export interface NatsOptions {
  /** `nats://host:port`, `tls://host:port`, `host:port`; may carry `user:password@`. */
  readonly servers: string | readonly string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** An nkey seed (`SU…`), or the file that holds it. */
  readonly nkey?: string;
  /** A credentials file (JWT and seed), read again at every connect, so that it may be rotated. */
  readonly creds?: string;
  readonly tls?: {
    /** PEM text or file. */
    readonly ca?: string;
    /** PEM text or file, with `key`: the client's certificate. */
    readonly cert?: string;
    readonly key?: string;
    /** The server wants TLS before it says anything. */
    readonly handshakeFirst?: boolean;
  };
  /** Shown in the server's connection list. */
  readonly name?: string;
}

/** The options cannot be used as written: said before anything connects. */
export class NatsOptionsError extends Error {
  override readonly name = 'NatsOptionsError';
  constructor(
    /** `servers`, `auth`, `file`, `tls`. */
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** How to make one connection to one server; which one, and when again, is the link's choice. */
export interface DialPlan {
  /** `host:port` of each. */
  readonly servers: readonly string[];
  optionsFor(server: string): NodeConnectionOptions;
}

/** Reads and checks everything that can be checked before connecting; throws `NatsOptionsError`. */
export function planDialing(options: NatsOptions): DialPlan {
  const servers = (typeof options.servers === 'string' ? options.servers.split(',') : [...options.servers])
    .map((server) => server.trim())
    .filter((server) => server !== '');
  if (servers.length === 0) {
    throw new NatsOptionsError('servers', 'No NATS server is named: give at least one, such as nats://127.0.0.1:4222.');
  }
  const places = servers.map(parseServer);
  const inUrl = places.find((place) => place.user !== undefined || place.token !== undefined);
  const wantsTls = options.tls !== undefined || places.some((place) => place.tls);
  const tls = wantsTls ? readTls(options.tls ?? {}) : undefined;
  const common: NodeConnectionOptions = {
    name: options.name ?? 'weir',
    timeout: natsLimits.connectTimeoutMs,
    reconnect: false,
    pingInterval: natsLimits.pingIntervalMs,
    maxPingOut: natsLimits.pingsUnansweredMax,
    noAsyncTraces: true,
    ...readAuthentication(options, inUrl),
  };
  const configured = places.map((place) => place.address);
  return {
    servers: configured,
    optionsFor: (server) => ({
      ...common,
      servers: [server],
      ...(tls === undefined ? {} : { tls: { ...tls, ...identityCheck(server, configured) } }),
    }),
  };
}

/**
 * For a client that is not ours and keeps its own connection (the API's transport): all servers at once, connecting again by itself, for
 * ever, waiting for an absent server. Throws `NatsOptionsError`.
 */
export function toConnectionOptions(options: NatsOptions): NodeConnectionOptions {
  const { servers, optionsFor } = planDialing(options);
  const [first = ''] = servers;
  return {
    ...optionsFor(first),
    servers: [...servers],
    reconnect: true,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: natsLimits.reconnectDelayMsMin * 4,
  };
}

/**
 * The certificate must be for the host we dial, or for another host that is configured: a server that the cluster named is known by address
 * only. The client itself would check a server dialled by address against `localhost`.
 */
function identityCheck(
  server: string,
  configured: readonly string[],
): Pick<TlsConnectionOptions, 'checkServerIdentity'> {
  const names =
    configured.length === 1 && configured[0] === server
      ? [hostOf(server)]
      : [hostOf(server), ...configured.map(hostOf)];
  return {
    checkServerIdentity: (_host, certificate) => {
      const complaints = names.map((name) => checkServerIdentity(name, certificate));
      return complaints.includes(undefined) ? undefined : complaints[0];
    },
  };
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

interface ServerPlace {
  readonly address: string;
  readonly tls: boolean;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

function parseServer(server: string): ServerPlace {
  const withScheme = server.includes('://') ? server : `nats://${server}`;
  let url: URL;
  try {
    url = new URL(withScheme);
  } catch (cause) {
    throw new NatsOptionsError(
      'servers',
      `'${server}' is not a server address: write nats://host:port or tls://host:port.`,
      { cause },
    );
  }
  if (url.protocol !== 'nats:' && url.protocol !== 'tls:') {
    throw new NatsOptionsError(
      'servers',
      `'${url.protocol}//' is not supported: write nats://host:port or tls://host:port.`,
    );
  }
  if (url.hostname === '') throw new NatsOptionsError('servers', `'${server}' names no host: write nats://host:port.`);
  const user = decodeURIComponent(url.username);
  const pass = decodeURIComponent(url.password);
  const login = user === '' ? {} : pass === '' ? { token: user } : { user, pass };
  return { address: `${url.hostname}:${url.port === '' ? '4222' : url.port}`, tls: url.protocol === 'tls:', ...login };
}

function readAuthentication(options: NatsOptions, inUrl: ServerPlace | undefined): NodeConnectionOptions {
  const ways = [options.user, options.token, options.nkey, options.creds].filter((way) => way !== undefined);
  if (ways.length > 1) {
    throw new NatsOptionsError('auth', 'Choose one way to log in: user and password, token, nkey or creds.');
  }
  if (options.user !== undefined) return { user: options.user, pass: options.pass ?? '' };
  if (options.token !== undefined) return { token: options.token };
  if (options.nkey !== undefined) return { authenticator: nkeyAuthentication(options.nkey) };
  if (options.creds !== undefined) return { authenticator: credsAuthentication(options.creds) };
  if (inUrl?.token !== undefined) return { token: inUrl.token };
  if (inUrl?.user !== undefined) return { user: inUrl.user, pass: inUrl.pass ?? '' };
  return {};
}

function nkeyAuthentication(seedOrFile: string): Authenticator {
  const text = /^SU[A-Z2-7]{56}$/.test(seedOrFile.trim()) ? seedOrFile : readText(seedOrFile, 'nkey');
  const authenticator = nkeyAuthenticator(new TextEncoder().encode(text.trim()));
  return checked(authenticator, 'The nkey is not a seed: it must begin with SU and hold 58 characters.');
}

function credsAuthentication(file: string): Authenticator {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const read = (): Authenticator =>
    checked(
      credsAuthenticator(encode(readText(file, 'creds'))),
      `${file} is not a credentials file: it must hold a user JWT and its seed.`,
    );
  let latest = read();
  return (nonce) => {
    try {
      latest = read();
    } catch {
      // Just being replaced, or gone: what was read last may still be good, and the server judges it.
    }
    return latest(nonce);
  };
}

/** Signs once, so that a wrong key is said now and not at the first connect. */
function checked(authenticator: Authenticator, complaint: string): Authenticator {
  try {
    authenticator('nonce');
    return authenticator;
  } catch (cause) {
    throw new NatsOptionsError('auth', complaint, { cause });
  }
}

function readTls(tls: NonNullable<NatsOptions['tls']>): NodeConnectionOptions['tls'] {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new NatsOptionsError('tls', 'A client certificate needs both tls.cert and tls.key.');
  }
  return {
    ...(tls.ca === undefined ? {} : { ca: readPem(tls.ca, 'tls.ca') }),
    ...(tls.cert === undefined ? {} : { cert: readPem(tls.cert, 'tls.cert') }),
    ...(tls.key === undefined ? {} : { key: readPem(tls.key, 'tls.key') }),
    ...(tls.handshakeFirst === true ? { handshakeFirst: true } : {}),
  };
}

function readPem(textOrFile: string, option: string): string {
  const text = textOrFile.includes('-----BEGIN') ? textOrFile : readText(textOrFile, option);
  if (!text.includes('-----BEGIN')) throw new NatsOptionsError('tls', `${option} is not PEM.`);
  return text;
}

function readText(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new NatsOptionsError('file', `${option}: cannot read ${file}: ${reasonOf(cause)}`, { cause });
  }
}
