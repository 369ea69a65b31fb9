/** Prebuilt kernels, as the repository, a release and the workflow name them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageFile } from '../../util/package-file.js';
import { succeed } from './run.js';

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const names: readonly string[] = json(packageFile('kernels', 'prebuilt.json')).map(
  ({ name }: { name: string }) => name,
);

it('a release depends on the packages of this very version; a checkout, whose lock has what is published, does not', async () => {
  const { version, optionalDependencies } = json(packageFile('package.json'));
  expect(Object.keys(optionalDependencies).filter((name) => names.includes(name))).toEqual([]);
  const folder = mkdtempSync(join(tmpdir(), 'cipherprune-release-'));
  for (const file of ['package.json', 'kernels/prebuilt.json', 'scripts/prebuilt.mjs']) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    cpSync(packageFile(file), join(folder, file));
  }
  await succeed({ cwd: folder }, process.execPath, 'scripts/prebuilt.mjs', '--depend');
  const released = json(join(folder, 'package.json'));
  rmSync(folder, { recursive: true });
  const added = Object.fromEntries(names.map((name) => [name, version]));
  expect(released).toEqual({
    ...json(packageFile('package.json')),
    optionalDependencies: { ...optionalDependencies, ...added },
  });
});

it('the workflow tries each of them', () => {
  const { jobs } = parse(readFileSync(packageFile('.github', 'workflows', 'prebuilt.yml'), 'utf8'));
  const tried = jobs.try.strategy.matrix.include.map(
    (entry: { package: string }) => `@cipherprune/${entry.package}`,
  );
  expect(tried).toEqual(names);
});
