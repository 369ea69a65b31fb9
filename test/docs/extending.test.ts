/** What docs/extending.md promises of files, as far as no type or import rule holds it. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadCommands } from '../../cli/commands.js';
import { METHODS } from '../../methods/index.js';
import { FAMILY_NAMES } from '../../model/config.js';
import { FAMILIES } from '../../model/families/index.js';
import { packageFile } from '../../util/package-file.js';

it('every command file is in the list of commands, under the name of its command', async () => {
  const files = readdirSync(packageFile('cli', 'commands')).map((file) => file.replace(/\.ts$/, ''));
  const commands = await loadCommands();
  expect(commands.map(({ command }) => command.split(' ')[0]).sort()).toEqual(files.sort());
  for (const file of files)
    expect((await loadCommands(file)).map(({ command }) => command.split(' ')[0])).toEqual([file]);
});

it('every family is in the list of families, and every method has a name of its own', () => {
  expect(Object.keys(FAMILIES).sort()).toEqual([...FAMILY_NAMES].sort());
  expect(new Set(METHODS.map(({ name }) => name)).size).toBe(METHODS.length);
});
