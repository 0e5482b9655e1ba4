import type { NodeConnectionOptions } from '@nats-io/transport-node';

export interface AppOptions {
  /** Default 127.0.0.1. Any other than a loopback address needs a token. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  /** Bearer token of every operation but health and the API page. */
  readonly token?: string;
  /** Must be said aloud to run without a token, and only on a loopback address. */
  readonly insecure?: boolean;
  /** Where the NATS side connects; absent: no API over NATS. Reconnects for ever, whatever is said here. */
  readonly nats?: NodeConnectionOptions;
  /** Default `weir.api`. Two engines at one NATS need two prefixes. */
  readonly natsPrefix?: string;
  /** The OpenAPI page; default on. It shows the shape of the API and no data, and needs no token. */
  readonly docs?: boolean;
  /** Default {@link apiLimits.checkpointAgeMsMax}. */
  readonly checkpointAgeMsMax?: number;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  readonly nats: NodeConnectionOptions | undefined;
  readonly natsPrefix: string;
  readonly docs: boolean;
  readonly checkpointAgeMsMax: number | undefined;
}

export type AppOptionsCode = 'token-missing' | 'token-unusable' | 'token-needed' | 'nats-prefix-unusable';

/** The API refuses to start as it is configured. */
export class AppOptionsError extends Error {
  override readonly name = 'AppOptionsError';

  constructor(
    readonly code: AppOptionsCode,
    message: string,
  ) {
    super(message);
  }
}

/** Fills in the defaults; throws {@link AppOptionsError} for options the API will not start with. */
export function resolveOptions(options: AppOptions): ResolvedOptions {
  const host = options.host ?? '127.0.0.1';
  const natsPrefix = options.natsPrefix ?? 'weir.api';
  checkToken(options, host);
  if (!/^[\w-]+(\.[\w-]+)*$/.test(natsPrefix)) {
    throw new AppOptionsError(
      'nats-prefix-unusable',
      `The NATS prefix '${natsPrefix}' is not a plain subject: use letters, digits, '-' and '_', with dots between.`,
    );
  }
  return {
    host,
    port: options.port,
    token: options.token,
    nats: options.nats,
    natsPrefix,
    docs: options.docs ?? true,
    checkpointAgeMsMax: options.checkpointAgeMsMax,
  };
}

function checkToken({ token, insecure }: AppOptions, host: string): void {
  if (token !== undefined) {
    // RFC 6750 `b64token`: anything else cannot be sent in an Authorization header.
    if (/^[\w.~+/-]+=*$/.test(token)) return;
    throw new AppOptionsError(
      'token-unusable',
      "The API token is empty or holds characters a bearer header cannot carry: use letters, digits and '-._~+/='.",
    );
  }
  if (insecure !== true) {
    throw new AppOptionsError('token-missing', 'The API needs a token: give one, or say `insecure` to run without.');
  }
  if (!isLoopback(host)) {
    throw new AppOptionsError(
      'token-needed',
      `Without a token the API binds to a loopback address only, not to ${host}: give a token.`,
    );
  }
}

/** Whether only this machine can reach the host. A name other than `localhost` could resolve to anything. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(bare);
}
