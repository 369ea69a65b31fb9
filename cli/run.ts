/** Parses the arguments, runs one command and turns what happened into an exit code. */
import yargs from 'yargs';
import {
  FAILED,
  INTERRUPTED,
  InterruptedError,
  SUCCEEDED,
  UsageError,
  WRONG_USAGE,
  withMissingPackageNamed,
} from '../util/errors.js';
import { interruptCleanup } from '../util/interrupt.js';
import { note } from '../util/note.js';
import { packageVersion } from '../util/package-file.js';
import { withAdvice } from './advice.js';
import type { Command } from './command.js';
import { loadCommands } from './commands.js';
import { HELP_WIDTH, helpWithTaken } from './help.js';
import { joinRepeated } from './options.js';
import { print } from './output.js';
import { usageMessage } from './wrong-usage.js';

/** Repeated lists of the command that is named, as one list each. */
function withListsJoined(argv: readonly string[], commands: readonly Command[]): readonly string[] {
  const named = commands.find(({ command }) => command.split(' ')[0] === argv[0]);
  return (named?.lists ?? []).map((name) => `--${name}`).reduce(joinRepeated, argv);
}

/** The parser of these commands; it never exits the process by itself. */
const parserOf = (argv: readonly string[], commands: readonly Command[]) =>
  yargs()
    .scriptName('cipherprune')
    .usage(
      '$0 <command>\n\nPrivate inference with transformers: texts stay with the client, weights with the server, and tokens that do not matter leave encrypted.',
    )
    .command([...commands])
    .option('verbose', {
      type: 'boolean',
      default: false,
      describe: 'Show the stack of an error',
      global: true,
    })
    .demandCommand(1, 'expected a command; see `cipherprune --help`')
    .strict()
    // The last of repeated options counts; none becomes a list behind a command's back.
    .parserConfiguration({ 'duplicate-arguments-array': false })
    .version(packageVersion())
    .help()
    .wrap(HELP_WIDTH)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(usageMessage(message, argv, commands));
    });

function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return INTERRUPTED;
  // yargs throws its own YError for unknown commands and options.
  const isUsage = error instanceof UsageError || (error instanceof Error && error.name === 'YError');
  return isUsage ? WRONG_USAGE : FAILED;
}

function report(error: unknown, verbose: boolean): void {
  note(`cipherprune: ${withAdvice(error).replace(/\s*\n\s*/g, '; ')}`);
  if (verbose && error instanceof Error && error.stack)
    for (const line of error.stack.split('\n')) note(line);
}

/** What `--help` and `--version` print; empty where a command ran. */
export async function parseAndRun(argv: readonly string[], commands: readonly Command[]): Promise<string> {
  let printed = '';
  await parserOf(argv, commands).parseAsync(
    [...withListsJoined(argv, commands)],
    {},
    (_error, _values, output) => {
      printed = output;
    },
  );
  const [command] = commands;
  return commands.length === 1 ? helpWithTaken(printed, command!.takes) : printed;
}

/** Runs one command line; resolves to the exit code and never throws. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const interruption = interruptCleanup();
  try {
    const run = async () => parseAndRun(argv, await loadCommands(argv[0]));
    const printed = await Promise.race([run(), interruption.interrupted]);
    if (printed) print(printed);
    return SUCCEEDED;
  } catch (thrown) {
    const error = withMissingPackageNamed(thrown);
    report(error, argv.includes('--verbose'));
    return exitCodeOf(error);
  } finally {
    interruption.dispose();
  }
}
