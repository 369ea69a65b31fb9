/** The command line as a page: what `--help` says of every command. */
import type { Command } from '../../cli/command.js';
import { loadCommands } from '../../cli/commands.js';
import { parseAndRun } from '../../cli/run.js';

const nameOf = (command: Command): string => String(command.command).split(' ')[0]!;

const fenced = (text: string): string => `\`\`\`text\n${text}\n\`\`\``;

/** Every command in the order of the list. */
export async function commandLinePage(): Promise<string> {
  const commands = await loadCommands();
  const sections: string[] = [];
  for (const command of commands) {
    const name = nameOf(command);
    sections.push(`## ${name}\n\n${fenced((await parseAndRun([name, '--help'], [command])).trimEnd())}`);
  }
  return `# Command line

This page is made from the commands themselves (\`npm run reference\`).

Times are milliseconds, sizes bytes, ratios 0 to 1. Results go to standard output; with \`--json\` it holds nothing but JSON.
Progress and notes go to standard error. The exit code is 0 when all is done, 1 for a failure (one line says which; \`--verbose\`
adds the stack), 2 for wrong usage and 130 after an interruption.

${fenced((await parseAndRun(['--help'], commands)).trimEnd())}

${sections.join('\n\n')}
`;
}
