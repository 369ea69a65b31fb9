/** What the parser of arguments finds wrong, in the words of all other errors: what was expected, what came, where to look. */
import type { Command } from './command.js';
import { nearestName } from './nearest-name.js';

const nameOf = ({ command }: Command): string => command.split(' ')[0]!;

const suggestion = (name: string | null): string => (name === null ? '' : ` (did you mean ${name}?)`);

function unknownOption(name: string, command: Command): string {
  const meant = nearestName(name, command.options);
  return `--${name}: ${nameOf(command)} has no such option${suggestion(meant && `--${meant}`)}; \`cipherprune ${nameOf(command)} --help\` lists them`;
}

function unknownCommand(name: string, commands: readonly Command[]): string {
  const meant = nearestName(name, commands.map(nameOf));
  return `${name}: no such command${suggestion(meant)}; \`cipherprune --help\` lists them`;
}

type Wording = (found: readonly string[], argv: readonly string[], command: Command) => string;

/** Of the messages of yargs 18 (its locale `en`): a pattern, and what we say in place of it. */
const WORDINGS: readonly (readonly [RegExp, Wording])[] = [
  [
    /^Unknown arguments?: ([^,]*)/,
    ([name], argv, command) =>
      // Options may also come from a file or the environment.
      argv.includes(name!)
        ? `${name}: not expected; \`cipherprune ${command.command}\` takes no more`
        : unknownOption(name!, command),
  ],
  [
    /^Missing required arguments?: (.*)$/,
    ([names], _, command) =>
      `${nameOf(command)}: expected ${names!
        .split(', ')
        .map((name) => `--${name}`)
        .join(' and ')}`,
  ],
  [/^Not enough non-option arguments/, (_, __, command) => `expected \`cipherprune ${command.command}\``],
  [
    /^Invalid values:\s*Argument: (\S+), Given: (.*), Choices: (.*)$/m,
    ([name, given, choices], _, command) =>
      `${command.options.includes(name!) ? '--' : ''}${name}: expected one of ${choices}, got ${given}`,
  ],
];

/** The same in our words; other messages as they are. */
export function usageMessage(message: string, argv: readonly string[], commands: readonly Command[]): string {
  const command = commands.find((one) => nameOf(one) === argv[0]);
  if (command === undefined)
    return argv[0] === undefined || argv[0].startsWith('-') ? message : unknownCommand(argv[0], commands);
  for (const [pattern, wording] of WORDINGS) {
    const match = pattern.exec(message);
    if (match) return wording(match.slice(1), argv, command);
  }
  return message;
}
