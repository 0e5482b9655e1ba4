import type { Command } from 'commander';
import { Option } from 'commander';
import { addNatsOptions, envOption } from '../nats-options.js';
import { stopLimits } from './end-in-time.js';
import type { ServeOptions } from './serve-options.js';

const REPEATABLE = (value: string, list: readonly string[] | undefined): string[] => [...(list ?? []), value];

function addCheckpointOptions(command: Command): void {
  command
    .addOption(
      envOption('--checkpoint-interval <ms>', 'milliseconds between checkpoints', 'WEIR_CHECKPOINT_INTERVAL', '1000'),
    )
    .addOption(
      envOption(
        '--checkpoint-pause <ms>',
        'least pause between the end of a checkpoint and the next, alerts or not',
        'WEIR_CHECKPOINT_PAUSE',
        '0',
      ),
    )
    .addOption(
      envOption('--retained <number>', 'checkpoints kept beside the newest state; 0 for none', 'WEIR_RETAINED', '2'),
    )
    .addOption(
      envOption(
        '--retain-interval <ms>',
        'milliseconds between checkpoints that are kept',
        'WEIR_RETAIN_INTERVAL',
        '600000',
      ),
    )
    .option(
      '--recover-from <number>',
      'start a damaged state from this retained checkpoint, although what came later is missing and is read again',
    )
    .addOption(
      envOption(
        '--state-memory <MiB>',
        'what keys in memory may take; the rest is in the state directory alone (default: a third of the heap)',
        'WEIR_STATE_MEMORY',
      ),
    )
    .addOption(
      envOption(
        '--savepoints <directory>',
        'where savepoints are written (default: savepoints in the state directory)',
        'WEIR_SAVEPOINTS',
      ),
    );
}

function addLeaseOptions(command: Command): void {
  command
    .addOption(
      envOption(
        '--lease <ms>',
        'how long this process may go unseen before another works under its namespace and alert stream; 0: nobody looks',
        'WEIR_LEASE',
        '10000',
      ),
    )
    .addOption(
      envOption(
        '--lease-bucket <name>',
        'key-value bucket of leases, created if absent',
        'WEIR_LEASE_BUCKET',
        'weir-leases',
      ),
    )
    .option('--standby', 'wait while another process is at work, and take over when it ends');
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
    .addOption(envOption('--state <directory>', 'state directory, one process each', 'WEIR_STATE', '.weir/state'))
    .addOption(
      envOption(
        '--shards <number>',
        'share the keys out among so many threads, each with a state of its own; a state keeps its number',
        'WEIR_SHARDS',
        '1',
      ),
    )
    .addOption(envOption('--data <directory>', 'where relative paths of file sources begin', 'WEIR_DATA', '.'))
    .addOption(envOption('--namespace <name>', 'part of every alert id', 'WEIR_NAMESPACE', 'default'))
    .option('--no-nats-api', 'no API over NATS request/reply')
    .addOption(
      envOption(
        '--nats-api-prefix <subject>',
        'subjects of the API over NATS begin with it; one for each service',
        'WEIR_NATS_API_PREFIX',
        'weir.api',
      ),
    )
    .addOption(
      envOption(
        '--alert-stream <name>',
        'JetStream stream of alerts, created if absent',
        'WEIR_ALERT_STREAM',
        'WEIR_ALERTS',
      ),
    )
    .addOption(
      envOption('--alert-prefix <subject>', 'subjects of alerts begin with it', 'WEIR_ALERT_PREFIX', 'weir.alerts'),
    )
    .option(
      '--accept-lost-alerts',
      'start although the alert stream no longer tells what was published: alerts not acknowledged may come twice',
    )
    .addOption(envOption('--host <address>', 'address of the API', 'WEIR_HOST', '127.0.0.1'))
    .addOption(envOption('--port <number>', 'port of the API; 0 for any free one', 'WEIR_PORT', '8080'))
    .addOption(
      envOption(
        '--token <text>',
        'bearer token of the API (default: made once, kept in the state directory)',
        'WEIR_TOKEN',
      ),
    )
    .addOption(
      envOption(
        '--stop-within <ms>',
        'milliseconds from a signal to the end of the process, whatever is left then',
        'WEIR_STOP_WITHIN',
        String(stopLimits.stopMsMax),
      ),
    )
    .addOption(envOption('--log-level <level>', 'debug, info, warn, error or silent', 'WEIR_LOG_LEVEL', 'info'));
  addNatsOptions(command);
  addCheckpointOptions(command);
  addLeaseOptions(command);
  command.action(async (options: ServeOptions) => done(await (await import('./serve.js')).serve(options)));
}
