/** Files that the documentation names are there. Dated notes are left out: they describe the code of their day. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../util/package-file.js';

const NAMES =
  'api bench browser cli config configs data deploy docs examples experiments inference kernels methods model scripts test training util'.split(
    ' ',
  );
const FOLDERS = NAMES.join('|');
/** `folder/file.ts`, also with a list in braces. What stands for a name (NAME, *, …) is no path. */
const PATH = new RegExp(`\`((?:${FOLDERS})/[\\w./{},-]*)\``, 'g');

/** a/{b,c}.ts → a/b.ts, a/c.ts */
function expanded(path: string): string[] {
  const braces = /^(.*)\{([^}]*)\}(.*)$/.exec(path);
  if (!braces) return [path];
  const [, before, list, after] = braces;
  return list!.split(',').flatMap((one) => expanded(`${before}${one}${after}`));
}

const markdownIn = (folder: string): string[] =>
  readdirSync(packageFile(folder))
    .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
    .map((name) => join(folder, name));

const pages = ['.', 'docs', 'docs/guide', 'docs/concepts', 'docs/reference'].flatMap(markdownIn);

describe.each(pages)('%s', (page) => {
  it('names files that are there', () => {
    const text = readFileSync(packageFile(page), 'utf8');
    const paths = [...text.matchAll(PATH)]
      .map(([, path]) => path!)
      .filter((path) => !/NAME|AREA|DIR/.test(path))
      .flatMap(expanded);
    expect(paths.filter((path) => !existsSync(packageFile(path)))).toEqual([]);
  });
});

it('the architecture has a row of every folder with code, and of those of inference', () => {
  const page = readFileSync(packageFile('docs/concepts/architecture.md'), 'utf8');
  const first = page.split('\n').flatMap((line) => /^\| (`[^|]*`) \|/.exec(line)?.[1] ?? []);
  const described = first.flatMap((cell) => [...cell.matchAll(/`([^`]*?)\/?`/g)].map(([, name]) => name));
  const folders = [
    ...NAMES.filter((name) => !['docs', 'inference'].includes(name)),
    ...readdirSync(packageFile('inference')).map((name) => `inference/${name}`),
  ];
  expect(described.filter((name) => name !== 'index.ts').sort()).toEqual(folders.sort());
});

it('the index of the notes has every note', () => {
  const index = readFileSync(packageFile('docs/notes/README.md'), 'utf8');
  const notes = readdirSync(packageFile('docs/notes')).filter((name) => name !== 'README.md');
  expect(notes.filter((name) => !index.includes(`](${name}`))).toEqual([]);
});
