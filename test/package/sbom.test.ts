/** `npm run sbom`: the packages that come with this one, with versions, hashes and licences. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageFile } from '../../util/package-file.js';
import { succeed } from './run.js';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string }[];
}

it('names every package that is installed with this one, and none of those that only its developers need', async () => {
  const bill = JSON.parse(await succeed({ cwd: packageFile() }, 'npm', 'run', '--silent', 'sbom'));
  expect([bill.bomFormat, bill.metadata.component.purl]).toEqual(['CycloneDX', 'pkg:npm/cipherprune@0.1.0']);
  const components: readonly Component[] = bill.components;
  const { packages } = JSON.parse(readFileSync(packageFile('package-lock.json'), 'utf8'));
  const { '': own, ...locked } = packages;
  const shipped = Object.entries<{ dev?: boolean; version: string }>(locked)
    .filter(([, { dev }]) => dev !== true)
    .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`);
  expect(new Set(components.map(({ name, version }) => `${name}@${version}`))).toEqual(new Set(shipped));
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(Object.keys(own.dependencies)));
  for (const name of ['vitest', 'typescript', '@biomejs/biome']) expect(names).not.toContain(name);
  expect(components.filter(({ hashes }) => !hashes?.some(({ alg }) => alg === 'SHA-512'))).toEqual([]);
});
