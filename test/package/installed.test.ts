/**
 * The package as others get it. A clean checkout on a machine without a C++ compiler: `npm ci` says one sentence, and everything works.
 * What was built there, packed, installed into an empty folder, and used by a program of ten lines.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageFile } from '../../util/package-file.js';
import { checkOut } from './checkout.js';
import { hasPrograms, pathWithoutCompiler, type Place, run, succeed } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-installed-'));
afterAll(() => rmSync(folder, { recursive: true }));
const root = { cwd: packageFile() };
const bin = pathWithoutCompiler(join(folder, 'bin'));
/** Built without a compiler; null: this is no git checkout, and the package is made of what is here. */
const checkout = checkOut(join(folder, 'checkout'));
/** What the build of the checkout said on standard error. */
let said = '';
let tarball: string;

beforeAll(async () => {
  // The scripts of this package that `npm ci` runs, in its order.
  for (const script of ['install', 'prepare']) {
    const place = checkout === null ? root : { cwd: checkout, path: bin };
    const { code, stdout, stderr } = await run(place, 'npm', 'run', script);
    expect(code, stdout + stderr).toBe(0);
    said += stderr;
  }
  const from = { cwd: checkout ?? root.cwd };
  await succeed(from, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder);
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
  // Its objects are lent below.
  await succeed(root, 'npm', 'run', '--silent', 'build:native');
}, 600_000);

it('is built where there is no compiler, says what it misses in one sentence, and runs the demo', async (context) => {
  if (checkout === null) return context.skip('this is no git checkout');
  const bare = { cwd: checkout, path: bin };
  const compilers = await run(bare, 'sh', '-c', 'command -v g++ || command -v clang++ || command -v c++');
  expect(compilers.stdout).toBe('');
  expect(said.match(/^cipherprune: .*$/gm)).toEqual([
    expect.stringMatching(/^cipherprune: no C\+\+ compiler found .*: the kernels run as WebAssembly/),
  ]);
  expect(existsSync(join(checkout, 'build', 'native'))).toBe(false);

  const demo = await succeed(bare, 'npm', 'run', '--silent', 'demo');
  expect(demo).toContain('All 5 labels are those of plaintext inference.');
}, 600_000);

const PROGRAM = `import { connect, serve } from 'cipherprune';

const artifact = 'node_modules/cipherprune/data/demo-model';
await using server = await serve({ artifact, port: 0 });
await using client = await connect({ port: server.port, artifact });
const { labelName, leaks } = await client.classify('a warm, funny and deeply moving film', {
  signal: AbortSignal.timeout(60_000),
});
console.log(labelName, leaks.some(({ name }) => name === 'length-bucket'));
`;

/** Objects of these very sources and flags, so that another build needs to link them only. */
function lendObjects(to: string): void {
  const from = packageFile('build', 'native');
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (name.endsWith('.o')) cpSync(join(from, name), join(to, name));
}

/** An empty folder with these packages; null: the registry is not reachable. */
async function install(name: string, path: string | undefined, ...packages: string[]): Promise<Place | null> {
  const cwd = join(folder, name);
  const place = path === undefined ? { cwd } : { cwd, path };
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), '{ "type": "module" }');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=0', '--omit=optional'];
  const { code, stdout, stderr } = await run(place, 'npm', 'install', ...quiet, ...packages);
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E40[1347]/.test(stderr)) return null;
  expect(code, stderr).toBe(0);
  writeFileSync(join(cwd, 'install.log'), stdout + stderr);
  return place;
}

it('classifies from an installed tarball, with WebAssembly and with the addon, without what only training needs', async (context) => {
  const here = await install('plain', undefined, '--ignore-scripts', tarball);
  if (here === null) return context.skip('the package registry is not reachable');
  const installed = join(here.cwd, 'node_modules', 'cipherprune');

  const tsc = packageFile('node_modules', 'typescript', 'bin', 'tsc');
  const types = ['--typeRoots', packageFile('node_modules', '@types'), '--types', 'node'];
  const language = ['--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,esnext.disposable'];
  writeFileSync(join(here.cwd, 'program.ts'), PROGRAM);
  await succeed(here, process.execPath, tsc, '--strict', ...types, ...language, 'program.ts');

  const answer = 'positive true\n';
  expect(await succeed(here, process.execPath, 'program.js'), 'with WebAssembly').toBe(answer);
  lendObjects(join(installed, 'build', 'native'));
  const rebuilt = await run({ cwd: installed }, 'npm', 'run', 'install');
  expect(rebuilt.code, rebuilt.stderr).toBe(0);
  expect(rebuilt.stderr).toMatch(/native kernels ready \(0 of \d+ files compiled\)/);
  expect(await succeed(here, process.execPath, 'program.js'), 'with the addon').toBe(answer);

  const command = join(here.cwd, 'node_modules', '.bin', 'cipherprune');
  const config = join(installed, 'configs', 'first-steps.yaml');
  const training = await run(here, command, 'train', '--config', config);
  expect(training.code).toBe(1);
  expect(training.stderr).toContain('@tensorflow/tfjs, which is not installed: npm install @tensorflow/tfjs');
}, 600_000);

it('classifies with prebuilt kernels, which hold nothing of this machine, where there is no compiler', async (context) => {
  if (process.platform !== 'linux' || !hasPrograms('g++')) context.skip('this test links with g++ on Linux');
  const platforms = JSON.parse(readFileSync(packageFile('kernels', 'prebuilt.json'), 'utf8'));
  const libc =
    'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header ? 'glibc' : 'musl';
  const { name } = platforms.find(
    (one: Record<string, string>) => one.os === 'linux' && one.cpu === process.arch && one.libc === libc,
  );
  const built = packageFile('build', 'prebuilt', name);
  const pack = async () => {
    rmSync(built, { recursive: true, force: true });
    lendObjects(built);
    const [packed] = (await succeed(root, 'node', 'scripts/prebuilt.mjs')).trim().split('\n');
    return { path: packageFile(packed!), bytes: readFileSync(packageFile(packed!)) };
  };
  const first = await pack();
  const { path, bytes } = await pack();
  expect(bytes.equals(first.bytes)).toBe(true);
  const addon = readFileSync(join(built, 'cipherprune.node'));
  for (const trace of [packageFile(), '.note.gnu.build-id', 'libstdc++.so'])
    expect(addon.includes(trace), trace).toBe(false);

  const here = await install('prebuilt', bin, '--foreground-scripts', tarball, path);
  if (here === null) return context.skip('the package registry is not reachable');
  expect(readFileSync(join(here.cwd, 'install.log'), 'utf8')).toContain(
    `cipherprune: native kernels of ${name}\n`,
  );
  const loaded =
    'process.report.getReport().sharedObjects.filter((path) => path.endsWith("cipherprune.node"))';
  const program = `${PROGRAM.replaceAll('await using', 'const')}await client.close();\nawait server.close();\n`;
  writeFileSync(join(here.cwd, 'program.js'), `${program}console.log(...${loaded});\n`);
  const [answer, ...objects] = (await succeed(here, 'node', 'program.js')).trim().split('\n');
  expect(answer).toBe('positive true');
  expect(objects).toEqual([join(realpathSync(here.cwd), 'node_modules', name, 'cipherprune.node')]);
}, 600_000);
