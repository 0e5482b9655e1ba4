/** The commands about states and savepoints: `savepoint`, `restore`, `state`. */
import type { Command } from 'commander';
import { addNatsOptions, envOption } from '../nats-options.js';
import type { RestoreOptions } from './restore.js';
import type { SavepointOptions } from './savepoint.js';
import type { StateOptions } from './state.js';

const stateOption = () => envOption('--state <directory>', 'state directory', 'WEIR_STATE', '.weir/state');

export function addStateCommands(program: Command, done: (code: number) => void): void {
  program
    .command('savepoint')
    .description('export the state of a running service while events flow; prints what was written as JSON')
    .argument('<name>', 'of the savepoint: letters, digits, - and _')
    .option('--bucket <name>', 'into this bucket of a JetStream object store instead of a directory of the service')
    .addOption(envOption('--api <url>', 'where the service listens', 'WEIR_API', 'http://127.0.0.1:8080'))
    .addOption(envOption('--token <text>', 'bearer token (default: the one in the state directory)', 'WEIR_TOKEN'))
    .addOption(stateOption())
    .addHelpText('after', '\nExample:\n  weir savepoint before-upgrade --bucket weir-savepoints')
    .action(async (name: string, options: SavepointOptions) =>
      done(await (await import('./savepoint.js')).savepoint(name, options)),
    );
  const restore = program
    .command('restore')
    .description('make a savepoint the state of a service that has none; it is verified before anything is written')
    .argument('<from>', 'directory of the savepoint, or object:<bucket>/<name>')
    .addOption(stateOption())
    .action(async (from: string, options: RestoreOptions) =>
      done(await (await import('./restore.js')).restore(from, options)),
    );
  addNatsOptions(restore);
  const state = program
    .command('state')
    .description('show what a state directory or a savepoint holds, for which rules, how large; changes nothing')
    .argument('<what>', 'state directory of a stopped service, directory of a savepoint, or object:<bucket>/<name>')
    .option('--json', 'as JSON')
    .option('--key <key>', 'the runs of one key, written as text or JSON')
    .addHelpText('after', '\nExample:\n  weir state .weir/state --key A985156984009293')
    .action(async (what: string, options: StateOptions) =>
      done(await (await import('./state.js')).state(what, options)),
    );
  addNatsOptions(state);
}
