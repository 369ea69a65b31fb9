/**
 * Help with what an option takes. To the parser every value is text, so that an error can show what was typed; its help would say `[string]`
 * of numbers, too.
 */

/** Columns of a line. */
export const HELP_WIDTH = 110;

/** `  --name  description … [string] [default: 1]`, over several lines: the same with `takes` in place of `string`. */
function withTaken(lines: readonly string[], takes: string): string[] {
  const at = lines.findLastIndex((line) => line.includes('[string]'));
  if (at < 0) return [...lines];
  const [before, behind] = lines[at]!.split('[string]') as [string, string];
  const extras = [`[${takes}]${behind}`, ...lines.slice(at + 1).map((line) => line.trim())].join(' ');
  const room = HELP_WIDTH - extras.length;
  const said = before.trimEnd();
  if (said.length + 2 <= room) return [...lines.slice(0, at), said.padEnd(room) + extras];
  return [...lines.slice(0, at), ...(said === '' ? [] : [said]), extras.padStart(HELP_WIDTH)];
}

/** yargs' help of one command; `takes` has the options that say what they take. */
export function helpWithTaken(help: string, takes: ReadonlyMap<string, string>): string {
  const parts: string[][] = [[]];
  for (const line of help.split('\n')) {
    if (/^ {2}-|^\S|^$/.test(line)) parts.push([]);
    parts.at(-1)!.push(line);
  }
  return parts
    .flatMap((lines) => {
      const taken = takes.get(/^ {2}--([\w-]+)/.exec(lines[0] ?? '')?.[1] ?? '');
      return taken === undefined ? lines : withTaken(lines, taken);
    })
    .join('\n');
}
