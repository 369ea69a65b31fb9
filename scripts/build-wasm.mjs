/**
 * Builds the kernels as WebAssembly into kernels/wasm/cipherprune.wasm with a compiler from the package registry
 * (@yowasp/clang, itself WebAssembly), so that the result is the same on every machine. The file is committed: whoever only
 * uses it needs no compiler. kernels/wasm/sources.json says of which sources it was made; a test compares.
 *
 *   node scripts/build-wasm.mjs            builds
 *   node scripts/build-wasm.mjs --check    builds and fails unless the bytes are those that are committed
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FLAGS, readSources, sourcesDigest, TOOLCHAIN } from './wasm-sources.mjs';

const folder = 'build/wasm';
const target = 'kernels/wasm/cipherprune.wasm';

/** The compiler, fetched once into build/. */
async function toolchain() {
  const home = join(folder, TOOLCHAIN.version);
  const entry = join(home, 'node_modules', TOOLCHAIN.name, 'gen', 'bundle.js');
  if (!existsSync(entry)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{"private":true}');
    const install = ['install', '--no-audit', '--no-fund', `${TOOLCHAIN.name}@${TOOLCHAIN.version}`];
    execFileSync('npm', install, { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return (await import(pathToFileURL(entry).href)).runLLVM;
}

function treeOf(files) {
  const tree = {};
  for (const [path, bytes] of files) {
    const parts = path.split('/');
    let at = tree;
    for (const part of parts.slice(0, -1)) at = at[part] ??= {};
    at[parts.at(-1)] = bytes;
  }
  return tree;
}

const errors = [];
const output = {
  stdout: null,
  stderr: (bytes) => bytes && errors.push(Buffer.from(bytes)),
  fetchProgress: () => {},
};

async function run(llvm, args, tree) {
  errors.length = 0;
  try {
    return await llvm(args, tree, output);
  } catch (error) {
    console.error(Buffer.concat(errors).toString());
    throw new Error(`${args.join(' ')}: ${error.message}`);
  }
}

const llvm = await toolchain();
const files = readSources();
const tree = treeOf(files);
const headers = createHash('sha256');
for (const [path, bytes] of files) if (!path.endsWith('.cc')) headers.update(path).update(bytes);
const headersDigest = headers.digest('hex');

const objects = {};
for (const [path, bytes] of files) {
  if (!path.endsWith('.cc')) continue;
  const digest = createHash('sha256')
    .update(path)
    .update(bytes)
    .update(headersDigest)
    .update(FLAGS.compile.join(' '));
  const cached = join(folder, `${digest.digest('hex').slice(0, 24)}.o`);
  if (!existsSync(cached)) {
    const made = await run(llvm, ['clang++', ...FLAGS.compile, '-c', path, '-o', 'out.o'], tree);
    writeFileSync(cached, made['out.o']);
  }
  objects[`${path.replaceAll('/', '-')}.o`] = readFileSync(cached);
}
const link = ['wasm-ld', ...FLAGS.link, ...Object.keys(objects), ...FLAGS.libraries, '-o', 'out.wasm'];
const linked = await run(llvm, link, objects);
const bytes = linked['out.wasm'];
if (process.argv.includes('--check')) {
  const same = existsSync(target) && Buffer.compare(readFileSync(target), Buffer.from(bytes)) === 0;
  console.log(same ? `${target} is what its sources give` : `${target} is not what its sources give`);
  process.exit(same ? 0 : 1);
}
writeFileSync(target, bytes);
writeFileSync(
  'kernels/wasm/sources.json',
  `${JSON.stringify({ digest: sourcesDigest(files), toolchain: TOOLCHAIN }, null, 2)}\n`,
);
console.log(`${target}: ${bytes.length} bytes`);
