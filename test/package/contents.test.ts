/** What the package holds, as npm would pack what lies here. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packageFile } from '../../util/package-file.js';
import { plainEnvironment } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-contents-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of a folder with these files and the project's own package.json. */
function packed(files: readonly string[]): string[] {
  writeFileSync(join(folder, 'package.json'), readFileSync(packageFile('package.json')));
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const output = execFileSync('npm', words, {
    cwd: folder,
    encoding: 'utf8',
    env: plainEnvironment(),
    stdio: 'pipe',
  });
  const listed: unknown = JSON.parse(output);
  const [{ files: names }] = (Array.isArray(listed) ? listed : Object.values(listed as object)) as [
    { readonly files: readonly { readonly path: string }[] },
  ];
  return names.map(({ path }) => path).sort();
}

it('has what is built, and neither tests nor what only a build needs', () => {
  const wanted = [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/browser/client/connect.d.ts',
    'data/demo-model/manifest.json',
  ];
  const others = [
    'dist/.tsbuildinfo',
    'dist/index.js.map',
    'dist/test/browser/page.test.d.ts',
    'test/a.ts',
    'data/glue/x',
  ];
  expect(packed([...wanted, ...others])).toEqual(['package.json', ...wanted].sort());
});
