/**
 * Checks that AES in portable code, the sampler of lattice secrets, decryption and the leaves of comparisons neither branch on secrets nor use
 * them as addresses: kernels/checks/constant-time.cc under valgrind. Skips, and says so, where valgrind or a compiler is missing. The same check on a
 * program that does look at a secret must fail.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const compiler = process.env.CXX ?? 'g++';
const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

if (!has('valgrind') || !has(compiler) || !existsSync('/usr/include/valgrind/memcheck.h')) {
  console.log('constant time: SKIPPED, needs valgrind with its headers and a C++ compiler');
  process.exit(0);
}

const folder = join(root, 'build', 'constant-time');
const program = join(folder, 'check');
mkdirSync(folder, { recursive: true });
const sources = [
  'checks/constant-time.cc',
  'src/prg/prg.cc',
  'src/prg/prg-portable.cc',
  'src/rlwe/sampler.cc',
  'src/rlwe/context.cc',
  'src/rlwe/packed-client.cc',
  'src/rlwe/packed-layout.cc',
  'src/rlwe/resident-decrypt.cc',
  'src/rlwe/resident-rows.cc',
  'src/rlwe/resident-server.cc',
  'src/ring/ring.cc',
  'src/ring/ring-pack.cc',
  'src/rlwe/keys.cc',
  'src/base/words.cc',
  'src/base/allocator.cc',
  'src/base/large-blocks.cc',
  'src/ntt/ntt.cc',
  'src/base/cpu.cc',
  'src/base/fail.cc',
  'src/base/parallel.cc',
  'src/cot/cot-loops.cc',
];
execFileSync(
  compiler,
  [
    '-std=c++17',
    '-O3',
    '-g',
    '-pthread',
    `-I${join(root, 'kernels')}`,
    ...sources.map((file) => join(root, 'kernels', file)),
    '-o',
    program,
  ],
  { stdio: 'inherit' },
);

const check = (...args) =>
  spawnSync('valgrind', ['-q', '--error-exitcode=9', '--track-origins=no', program, ...args], {
    encoding: 'utf8',
  });

const found = check('leak');
if (found.status !== 9)
  throw new Error('constant time: a branch on a secret was not found; the check checks nothing');
const { status, stderr } = check();
if (status !== 0) {
  console.error(stderr.split('\n').slice(0, 40).join('\n'));
  throw new Error('constant time: a secret decides a branch or an address');
}
console.log(
  'constant time: no branch or address depends on a secret in portable AES, hashing, trees, the sampler, decryption and the leaves of comparisons',
);
