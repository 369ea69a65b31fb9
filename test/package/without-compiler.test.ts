/** A clean checkout on a machine without a C++ compiler: `npm ci` says one sentence, and everything works. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packageFile } from '../../util/package-file.js';
import { pathWithoutCompiler, run, succeed } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-without-compiler-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a clone would have, as it is in the working tree; null: this is no checkout. */
function checkOut(to: string): string | null {
  const root = packageFile();
  if (!existsSync(join(root, '.git'))) return null;
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(join(to, dirname(file)), { recursive: true });
    cpSync(join(root, file), join(to, file));
  }
  // What `npm ci` would install; no package in it has been compiled for us.
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'));
  return to;
}

it('builds, says what it misses in one sentence, and runs the demo', async (context) => {
  const cwd = checkOut(join(folder, 'checkout')) ?? context.skip('this is no git checkout');
  const bare = { cwd, path: pathWithoutCompiler(join(folder, 'bin')) };
  expect((await run(bare, 'sh', '-c', 'command -v g++ || command -v clang++ || command -v c++')).stdout).toBe(
    '',
  );

  // The scripts of this package that `npm ci` runs, in its order.
  const said = [];
  for (const script of ['install', 'prepare']) {
    const { code, stdout, stderr } = await run(bare, 'npm', 'run', script);
    expect(code, stdout + stderr).toBe(0);
    said.push(stderr);
  }
  expect(said.join('').match(/^cipherprune: .*$/gm)).toEqual([
    expect.stringMatching(/^cipherprune: no C\+\+ compiler found .*: the kernels run as WebAssembly/),
  ]);
  expect(existsSync(join(cwd, 'build', 'native'))).toBe(false);

  const demo = await succeed(bare, 'npm', 'run', '--silent', 'demo');
  expect(demo).toContain('All 5 labels are those of plaintext inference.');
}, 600_000);
