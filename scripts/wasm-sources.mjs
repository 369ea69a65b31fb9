/** What kernels/wasm/cipherprune.wasm is made of: sources, compiler, flags. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

export const TOOLCHAIN = { name: '@yowasp/clang', version: '22.0.0-git20542-10' };

const TARGET = ['--target=wasm32-wasip1'];
export const FLAGS = {
  compile: [
    ...TARGET,
    '-std=c++17',
    '-O3',
    '-msimd128',
    '-fno-exceptions',
    '-fno-rtti',
    '-Wall',
    '-Wextra',
    '-Wno-unused-parameter',
    '-fvisibility=hidden',
    '-I.',
    '-Iwasm',
  ],
  // A library without main (a reactor); memory grows as calls need it.
  link: [
    '-m',
    'wasm32',
    '-L/usr/lib/wasm32-wasip1',
    '/usr/lib/wasm32-wasip1/crt1-reactor.o',
    '--entry',
    '_initialize',
    '--strip-all',
    '-z',
    'stack-size=1048576',
  ],
  libraries: ['-lc++', '-lc++abi', '-lc', '/usr/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a'],
};

/** [path below kernels/, bytes] of what is compiled for WebAssembly, in order. */
export function readSources(root = '.') {
  return ['bindings', 'src', 'wasm']
    .flatMap((part) =>
      readdirSync(join(root, 'kernels', part), { recursive: true }).map((file) =>
        join(part, file).split(sep).join('/'),
      ),
    )
    .filter((path) => /\.(cc|h|inl)$/.test(path) && !/\.avx/.test(path))
    .sort()
    .map((path) => [path, readFileSync(join(root, 'kernels', path))]);
}

export function sourcesDigest(files) {
  const digest = createHash('sha256').update(JSON.stringify([TOOLCHAIN, FLAGS]));
  for (const [path, bytes] of files) digest.update(`${path} ${bytes.length}\n`).update(bytes);
  return digest.digest('hex');
}
