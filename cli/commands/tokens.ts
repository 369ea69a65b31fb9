/** `tokens`: who may ask a server, by name. */
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { jsonOption } from '../model-options.js';
import { print, printJson, printTable } from '../output.js';

const OPTIONS = {
  file: {
    type: 'string',
    demandOption: true,
    describe: 'File of names and hashes (serve --tokens)',
    requiresArg: true,
  },
  json: jsonOption,
} as const;

const POSITIONALS = {
  action: {
    choices: ['add', 'list', 'revoke'] as const,
    demandOption: true,
    describe: 'Make a token and print it once, show names, or make a token worthless',
  },
  name: { type: 'string', describe: 'Of add and revoke: letters, digits, dots, - and _' },
} as const;

type TokensOptions = OptionsOf<typeof OPTIONS> & OptionsOf<typeof POSITIONALS>;

async function add(name: string, { file, json }: TokensOptions): Promise<void> {
  const { addToken } = await import('../../inference/server/tokens.js');
  const token = await addToken(file, name);
  if (json) printJson({ name, token });
  else print(token);
  note(`This is the only time that the token of ${name} is shown: ${file} has its hash.`);
}

async function list({ file, json }: TokensOptions): Promise<void> {
  const { listTokens } = await import('../../inference/server/tokens.js');
  const tokens = (await listTokens(file)).map(({ name, created, revoked = null }) => ({
    name,
    created,
    revoked,
  }));
  if (json) return printJson(tokens);
  printTable(
    ['name', 'created', 'revoked'],
    tokens.map(({ name, created, revoked }) => [name, created, revoked ?? '']),
  );
}

async function revoke(name: string, { file, json }: TokensOptions): Promise<void> {
  const { revokeToken } = await import('../../inference/server/tokens.js');
  await revokeToken(file, name);
  if (json) printJson({ name, revoked: true });
  else print(`${name}: revoked; a running server knows it at the next connection`);
}

async function run(options: TokensOptions): Promise<void> {
  const { action, name } = options;
  if (action === 'list') return list(options);
  if (name === undefined) throw new UsageError(`tokens ${action}: expected a name, got none`);
  await (action === 'add' ? add(name, options) : revoke(name, options));
}

export const command = defineCommand({
  command: 'tokens <action> [name]',
  describe: 'Names and secrets of those who may ask a server: add, list, revoke',
  options: OPTIONS,
  positionals: POSITIONALS,
  handler: run,
});
