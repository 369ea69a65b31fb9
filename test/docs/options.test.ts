/** Commands and options that the documentation names exist. Dated notes are left out: they describe the code of their day. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCommands } from '../../cli/commands.js';
import { packageFile } from '../../util/package-file.js';

const GLOBAL = ['help', 'version', 'verbose'];

const markdownIn = (folder: string): string[] =>
  readdirSync(packageFile(folder))
    .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md' && name !== 'command-line.md')
    .map((name) => join(folder, name));

/** Lines of code: those of fenced and indented blocks, and spans; a line that ends in \ goes on. */
function codeOf(markdown: string): string[] {
  const joined = markdown.replaceAll(/\\\n\s*/g, ' ');
  const blocks = [...joined.matchAll(/```\w*\n([\s\S]*?)```/g)].flatMap(([, block]) => block!.split('\n'));
  const prose = joined.replaceAll(/```\w*\n[\s\S]*?```/g, '');
  const indented = prose.split('\n').filter((line) => line.startsWith('    '));
  return [...blocks, ...indented, ...Array.from(prose.matchAll(/`([^`]+)`/g), ([, span]) => span!)];
}

/** `cipherprune NAME …`, or a span that begins with a command's name: the name, and the options behind it. */
function commandsOf(code: string, names: readonly string[]): (readonly [string, readonly string[]])[] {
  const found: (readonly [string, readonly string[]])[] = [];
  for (const part of code.replace(/#.*$/, '').split(/&&|[|;&]|\$\(/)) {
    const words = part
      .replaceAll(/"[^"]*"/g, 'TEXT')
      .trim()
      .split(/\s+/);
    const at = words.lastIndexOf('cipherprune') + 1;
    const name = words[at];
    if (name === undefined || (at === 0 && !names.includes(name))) continue;
    const options = words.slice(at + 1).flatMap((word) => /^--([a-z][\w-]*)/.exec(word)?.[1] ?? []);
    found.push([name, options]);
  }
  return found;
}

const pages = ['.', 'docs', 'docs/guide', 'docs/concepts', 'docs/reference'].flatMap(markdownIn);

describe('commands and options that exist', () => {
  const options = new Map<string, ReadonlySet<string>>();
  beforeAll(async () => {
    for (const command of await loadCommands())
      options.set(command.command.split(' ')[0]!, new Set([...GLOBAL, ...command.options]));
  });

  it.each(pages)('%s', (page) => {
    // There spans that begin with `paper` name the published schedule.
    const isOfSchedules = page === join('docs', 'performance.md');
    const names = [...options.keys()].filter((name) => !(isOfSchedules && name === 'paper'));
    const wrong = codeOf(readFileSync(packageFile(page), 'utf8'))
      .flatMap((code) => commandsOf(code, names))
      .flatMap(([name, used]) => {
        const known = options.get(name);
        if (known === undefined) return /^[a-z]/.test(name) ? [name] : [];
        return used
          .filter((option) => !known.has(option) && !known.has(option.replace(/^no-/, '')))
          .map((option) => `${name} --${option}`);
      });
    expect(wrong).toEqual([]);
  });
});
