#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { CommandError, exitCodes, paints, say } from './terminal.js';
import type { MatchOptions } from './commands/match.js';
import type { RunOptions } from './commands/run.js';
import { addServeCommand } from './commands/serve-command.js';
import { addStateCommands } from './commands/state-commands.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Commands load what they need when they run: `--help` answers at once. */
function createProgram(done: (code: number) => void): Command {
  const program = new Command('weir')
    .description('Event-time pattern rules over NATS JetStream: alerts exactly once.')
    .version(version)
    .showHelpAfterError('(run `weir --help` for usage)')
    .exitOverride();
  addServeCommand(program, done);
  addStateCommands(program, done);
  addExplainCommand(program, done);
  program
    .command('run')
    .description('run documents over their file sources and print alerts as JSON lines; needs no NATS')
    .argument('<paths...>', 'files or directories of documents')
    .option('--data <directory>', 'where relative paths of file sources begin', '.')
    .option('--pretty', 'print alerts for people instead of JSON')
    .option('--rejected', 'also print dead letters and late events, on stderr')
    .option('--quiet', 'no summary')
    .addHelpText('after', '\nExample:\n  weir run rules/fraud patterns data/sources --pretty')
    .action(async (paths: string[], options: RunOptions) =>
      done(await (await import('./commands/run.js')).run(paths, options)),
    );
  program
    .command('test')
    .description('run the tests that rules carry')
    .argument('<paths...>', 'files or directories of documents')
    .option('--data <directory>', 'where relative paths of file sources begin', '.')
    .option('--only <rule>', 'tests of one rule')
    .action(async (paths: string[], options: { data: string; only?: string }) =>
      done(await (await import('./commands/test.js')).test(paths, options)),
    );
  program
    .command('validate')
    .description('check documents and print everything that is wrong, with line, column and the mend')
    .argument('<paths...>', 'files or directories of documents')
    .option('--data <directory>', 'where relative paths of file sources begin', '.')
    .option('--json', 'diagnostics as JSON lines on stdout')
    .action(async (paths: string[], options: { data: string; json?: boolean }) =>
      done(await (await import('./commands/validate.js')).validate(paths, options)),
    );
  program
    .command('match')
    .description('match one pattern over an NDJSON file and print the matches as JSON lines')
    .argument('<pattern>', 'file with a pattern document')
    .argument('<events>', 'NDJSON file, also .gz; - for standard input')
    .option('--name <pattern>', 'which pattern, when the file holds several')
    .option('--time <expression>', 'JSONata for the event time', 'ts')
    .option('--key <expression>', 'JSONata for the key; without it all events are of one key')
    .option(
      '--param <name=value>',
      'a parameter of the pattern; repeatable',
      (value, list: string[]) => [...list, value],
      [],
    )
    .option('--timeouts', 'also print partial matches that timed out')
    .addHelpText(
      'after',
      '\nExample:\n  weir match patterns/small-then-large.yaml tx.ndjson --key account --param factor=4',
    )
    .action(async (pattern: string, events: string, options: MatchOptions) =>
      done(await (await import('./commands/match.js')).match(pattern, events, options)),
    );
  return program;
}

function addExplainCommand(program: Command, done: (code: number) => void): void {
  program
    .command('explain')
    .description(
      'say how a rule is evaluated: conditions, how events and runs are found, states, the most a key can hold',
    )
    .argument('<rule>', 'name of the rule')
    .argument('<paths...>', 'files or directories of documents')
    .option('--data <directory>', 'where relative paths of file sources begin', '.')
    .option('--json', 'as JSON, as the API gives it')
    .addHelpText('after', '\nExample:\n  weir explain card-testing rules patterns')
    .action(async (rule: string, paths: string[], options: { data: string; json?: boolean }) =>
      done(await (await import('./commands/explain.js')).explain(rule, paths, options)),
    );
}

async function main(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of a pipe went away (`weir run … | head`): nothing is left to do.
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
    throw error;
  });
  try {
    await createProgram((code) => (process.exitCode = code)).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.invalid;
    } else if (error instanceof CommandError) {
      say(`${paints.red('error')}: ${error.message}`);
      process.exitCode = error.exitCode;
    } else {
      say(`${paints.red('error')}: ${error instanceof Error ? error.message : String(error)}`);
      if (process.env['WEIR_DEBUG'] !== undefined && error instanceof Error) say(error.stack ?? '');
      process.exitCode = exitCodes.failed;
    }
  }
}

await main();
