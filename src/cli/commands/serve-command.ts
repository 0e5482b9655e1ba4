import type { Command } from 'commander';
import { Option } from 'commander';
import type { ServeOptions } from './serve-options.js';

const REPEATABLE = (value: string, list: readonly string[] | undefined): string[] => [...(list ?? []), value];

function option(flags: string, text: string, env: string, value?: unknown): Option {
  const one = new Option(flags, text).env(env);
  return value === undefined ? one : one.default(value);
}

function addCheckpointOptions(command: Command): void {
  command
    .addOption(
      option('--checkpoint-interval <ms>', 'milliseconds between checkpoints', 'WEIR_CHECKPOINT_INTERVAL', '1000'),
    )
    .addOption(
      option(
        '--checkpoint-pause <ms>',
        'least pause between the end of a checkpoint and the next, alerts or not',
        'WEIR_CHECKPOINT_PAUSE',
        '0',
      ),
    );
}

export function addServeCommand(program: Command, done: (code: number) => void): void {
  const command = program
    .command('serve')
    .description('run the service: streams in, alerts out, API beside it')
    .addOption(
      new Option(
        '--rules <directory>',
        'directory of documents, watched; repeatable (default: rules and patterns)',
      ).argParser(REPEATABLE),
    )
    .addOption(option('--state <directory>', 'state directory, one process each', 'WEIR_STATE', '.weir/state'))
    .addOption(option('--data <directory>', 'where relative paths of file sources begin', 'WEIR_DATA', '.'))
    .addOption(option('--namespace <name>', 'part of every alert id', 'WEIR_NAMESPACE', 'default'))
    .addOption(option('--nats <url>', 'NATS servers, separated by commas', 'WEIR_NATS_URL', 'nats://127.0.0.1:4222'))
    .addOption(option('--nats-user <name>', 'user', 'WEIR_NATS_USER'))
    .addOption(option('--nats-password <text>', 'password', 'WEIR_NATS_PASSWORD'))
    .addOption(option('--nats-token <text>', 'token', 'WEIR_NATS_TOKEN'))
    .addOption(option('--nats-nkey <seed>', 'nkey seed, or a file with it', 'WEIR_NATS_NKEY'))
    .addOption(option('--nats-creds <file>', 'credentials file', 'WEIR_NATS_CREDS'))
    .addOption(option('--nats-ca <file>', 'CA certificate for TLS', 'WEIR_NATS_CA'))
    .addOption(option('--nats-cert <file>', 'client certificate for mutual TLS', 'WEIR_NATS_CERT'))
    .addOption(option('--nats-key <file>', 'key of the client certificate', 'WEIR_NATS_KEY'))
    .option('--no-nats-api', 'no API over NATS request/reply')
    .addOption(
      option(
        '--nats-api-prefix <subject>',
        'subjects of the API over NATS begin with it; one for each service',
        'WEIR_NATS_API_PREFIX',
        'weir.api',
      ),
    )
    .addOption(
      option(
        '--alert-stream <name>',
        'JetStream stream of alerts, created if absent',
        'WEIR_ALERT_STREAM',
        'WEIR_ALERTS',
      ),
    )
    .addOption(
      option('--alert-prefix <subject>', 'subjects of alerts begin with it', 'WEIR_ALERT_PREFIX', 'weir.alerts'),
    )
    .option(
      '--accept-lost-alerts',
      'start although the alert stream no longer tells what was published: alerts not acknowledged may come twice',
    )
    .addOption(option('--host <address>', 'address of the API', 'WEIR_HOST', '127.0.0.1'))
    .addOption(option('--port <number>', 'port of the API; 0 for any free one', 'WEIR_PORT', '8080'))
    .addOption(
      option(
        '--token <text>',
        'bearer token of the API (default: made once, kept in the state directory)',
        'WEIR_TOKEN',
      ),
    )
    .addOption(option('--log-level <level>', 'debug, info, warn, error or silent', 'WEIR_LOG_LEVEL', 'info'));
  addCheckpointOptions(command);
  command.action(async (options: ServeOptions) => done(await (await import('./serve.js')).serve(options)));
}
