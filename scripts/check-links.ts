/**
 * Fails on a relative link of a Markdown file, or a `docs/….md` named in a source file, that leads nowhere. A link may name a
 * heading (`page.md#heading`), which must be there too. Links to other hosts are not followed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const FENCED = /^ *```[\s\S]*?^ *```/gm;
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
const HEADING = /^#+ +(.*)$/gm;
const NAMED_PAGE = /(?<![\w./-])docs\/[\w/.-]+\.md/g;
const SOURCES = ['*.ts', '*.cjs', '*.mjs', '*.cc', '*.h', '*.yaml'];

/** The anchor that a heading gets on the usual hosts: lower case, punctuation gone, spaces to hyphens. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

const prose = (path: string): string => readFileSync(path, 'utf8').replace(FENCED, '');

function anchorsOf(path: string): Set<string> {
  return new Set([...prose(path).matchAll(HEADING)].map((match) => anchorOf(match[1]!)));
}

/** What is wrong with one link of one page, or null. */
function fault(page: string, link: string): string | null {
  if (/^[a-z]+:/.test(link)) return null;
  const [file, anchor] = link.split('#') as [string, string | undefined];
  const target = file === '' ? page : normalize(join(dirname(page), decodeURI(file)));
  if (!existsSync(target)) return 'no such file';
  if (anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor))
    return 'no such heading';
  return null;
}

/** Files of these patterns that git has or would take. */
function filesOf(patterns: readonly string[]): string[] {
  const listing = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns];
  const names = execFileSync('git', listing, { cwd: ROOT, encoding: 'utf8' }).split('\n');
  return names.filter((name) => name !== '' && existsSync(join(ROOT, name))).map((name) => join(ROOT, name));
}

const faults: string[] = [];
const pages = filesOf(['*.md']);
for (const page of pages) {
  for (const [, link] of prose(page).matchAll(LINK)) {
    const why = fault(page, link!);
    if (why !== null) faults.push(`${relative(ROOT, page)}: ${link}: ${why}`);
  }
}
for (const source of filesOf(SOURCES)) {
  for (const [name] of readFileSync(source, 'utf8').matchAll(NAMED_PAGE)) {
    if (!existsSync(join(ROOT, name))) faults.push(`${relative(ROOT, source)}: ${name}: no such file`);
  }
}
for (const line of faults) console.error(`error: ${line}`);
process.exitCode = faults.length === 0 ? 0 : 1;
