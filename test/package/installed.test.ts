/** The package as others get it: packed, installed into an empty folder, used by a program of ten lines. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packageFile } from '../../util/package-file.js';
import { run, succeed } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-installed-'));
afterAll(() => rmSync(folder, { recursive: true }));
const installed = join(folder, 'node_modules', 'cipherprune');

const PROGRAM = `import { connect, serve } from 'cipherprune';

const artifact = 'node_modules/cipherprune/data/demo-model';
await using server = await serve({ artifact, port: 0 });
await using client = await connect({ port: server.port, artifact });
const { labelName, leaks } = await client.classify('a warm, funny and deeply moving film', {
  signal: AbortSignal.timeout(60_000),
});
console.log(labelName, leaks.some(({ name }) => name === 'length-bucket'));
`;

/** Objects of these very sources and flags, so that the installed package needs to link them only. */
function lendObjects(): void {
  const [from, to] = [packageFile('build', 'native'), join(installed, 'build', 'native')];
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (name.endsWith('.o')) cpSync(join(from, name), join(to, name));
}

it('classifies from an installed tarball, with WebAssembly and with the addon, without what only training needs', async (context) => {
  const root = { cwd: packageFile() };
  await succeed(root, 'npm', 'run', '--silent', 'build');
  await succeed(root, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=0'];
  const here = { cwd: folder };
  const install = await run(
    here,
    ...(['npm', 'install', ...quiet, '--omit=optional', '--ignore-scripts', tarball] as const),
  );
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E40[1347]/.test(install.stderr))
    context.skip('the package registry is not reachable');
  expect(install.code, install.stderr).toBe(0);

  const tsc = packageFile('node_modules', 'typescript', 'bin', 'tsc');
  const types = ['--typeRoots', packageFile('node_modules', '@types'), '--types', 'node'];
  const language = ['--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,esnext.disposable'];
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  await succeed(here, process.execPath, tsc, '--strict', ...types, ...language, 'program.ts');

  const answer = 'positive true\n';
  expect(await succeed(here, process.execPath, 'program.js'), 'with WebAssembly').toBe(answer);
  lendObjects();
  const rebuilt = await run({ cwd: installed }, 'npm', 'run', 'install');
  expect(rebuilt.code, rebuilt.stderr).toBe(0);
  expect(rebuilt.stderr).toMatch(/native kernels ready \(0 of \d+ files compiled\)/);
  expect(await succeed(here, process.execPath, 'program.js'), 'with the addon').toBe(answer);

  const command = join(folder, 'node_modules', '.bin', 'cipherprune');
  const config = join(installed, 'configs', 'first-steps.yaml');
  const training = await run(here, command, 'train', '--config', config);
  expect(training.code).toBe(1);
  expect(training.stderr).toContain('@tensorflow/tfjs, which is not installed: npm install @tensorflow/tfjs');
}, 600_000);
