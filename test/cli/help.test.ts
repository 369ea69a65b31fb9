/** Help says what an option takes: whole numbers, shares, seconds, megabytes, with their bounds. */
import { describe, expect, it } from 'vitest';
import { loadCommands } from '../../cli/commands.js';
import { HELP_WIDTH, helpWithTaken } from '../../cli/help.js';
import { parseAndRun } from '../../cli/run.js';

const lineOf = (help: string, option: string): string => {
  const lines = help.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`  --${option} `));
  const next = lines.findIndex((line, index) => index > at && /^ {2}-|^$/.test(line));
  return lines
    .slice(at, next < 0 ? undefined : next)
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
};

const helpOf = async (command: string): Promise<string> =>
  parseAndRun([command, '--help'], await loadCommands(command));

describe('what options take', () => {
  it.each([
    ['serve', 'port', 'Port to listen on; 0 picks a free one [integer, 0 to 65535] [default: 7643]'],
    ['serve', 'longest-run', 'no bound unless given [seconds, 1 to 86400]'],
    ['serve', 'worker-memory', '[MB, 64 to 10000000]'],
    ['serve', 'client-material-per-hour', '[MB, 1 or more]'],
    ['serve', 'max-runs', '[integer, 1 to 10000] [default: two for each core, more as long as'],
    ['serve', 'host', 'Address to listen on [string] [default: "127.0.0.1"]'],
    ['estimate', 'rtt', '[milliseconds, 0 or more] [default: 25]'],
    ['estimate', 'mbit', '[Mbit/s, above 0] [default: 50]'],
    ['train', 'keep', '[number, 0 to 1, or several with commas]'],
    ['export', 'weight-bits', 'Bits of the weights [integer, 4 to 16]'],
    ['generate', 'train', 'Sentences for training [integer, 1 to 100000] [default: 4000]'],
    ['sweep', 'teacher-seeds', '[different integers with commas, 0 or more]'],
  ])('%s --%s', async (command, option, said) => {
    expect(lineOf(await helpOf(command), option)).toContain(said);
  });

  it('stays within the width', async () => {
    for (const command of ['serve', 'infer', 'train', 'bench'])
      for (const line of (await helpOf(command)).split('\n'))
        expect(line.length, line).toBeLessThanOrEqual(HELP_WIDTH);
  });

  it('moves to a line of its own where the description leaves no room, and leaves others alone', () => {
    const described = `  --many  ${'x'.repeat(82)}          [string]`;
    const help = ['Options:', described, '  --name  Its name  [string]'].join('\n');
    const [, first, second, third] = helpWithTaken(help, new Map([['many', 'integer, 0 or more']])).split(
      '\n',
    );
    expect([first, second!.trim(), second!.length]).toEqual([
      described.replace(/ +\[string\]/, ''),
      '[integer, 0 or more]',
      HELP_WIDTH,
    ]);
    expect(third).toBe('  --name  Its name  [string]');
  });
});
