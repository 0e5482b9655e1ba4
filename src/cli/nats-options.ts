/** How a command reaches NATS: the same flags for every command that does. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { NatsOptions } from '../adapters/nats/connection-options.js';

export interface NatsFlags {
  readonly nats: string;
  readonly natsUser?: string;
  readonly natsPassword?: string;
  readonly natsToken?: string;
  readonly natsNkey?: string;
  readonly natsCreds?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
}

/** A flag that the environment may give too. */
export function envOption(flags: string, text: string, env: string, value?: unknown): Option {
  const one = new Option(flags, text).env(env);
  return value === undefined ? one : one.default(value);
}

export function addNatsOptions(command: Command): Command {
  return command
    .addOption(envOption('--nats <url>', 'NATS servers, separated by commas', 'WEIR_NATS_URL', 'nats://127.0.0.1:4222'))
    .addOption(envOption('--nats-user <name>', 'user', 'WEIR_NATS_USER'))
    .addOption(envOption('--nats-password <text>', 'password', 'WEIR_NATS_PASSWORD'))
    .addOption(envOption('--nats-token <text>', 'token', 'WEIR_NATS_TOKEN'))
    .addOption(envOption('--nats-nkey <seed>', 'nkey seed, or a file with it', 'WEIR_NATS_NKEY'))
    .addOption(envOption('--nats-creds <file>', 'credentials file', 'WEIR_NATS_CREDS'))
    .addOption(envOption('--nats-ca <file>', 'CA certificate for TLS', 'WEIR_NATS_CA'))
    .addOption(envOption('--nats-cert <file>', 'client certificate for mutual TLS', 'WEIR_NATS_CERT'))
    .addOption(envOption('--nats-key <file>', 'key of the client certificate', 'WEIR_NATS_KEY'));
}

export function natsOptions(flags: NatsFlags): NatsOptions {
  const tls = { ca: flags.natsCa, cert: flags.natsCert, key: flags.natsKey };
  return {
    servers: flags.nats.split(','),
    user: flags.natsUser,
    pass: flags.natsPassword,
    token: flags.natsToken,
    nkey: flags.natsNkey,
    creds: flags.natsCreds,
    ...(Object.values(tls).some((one) => one !== undefined) ? { tls } : {}),
    name: 'weir',
  };
}
