/**
 * Builds @tensorflow/tfjs-node for the tests of `--backend tensorflow`, in a folder of its own outside of the project: its
 * package comes from npm, TensorFlow's C library from the wheel of tensorflow-cpu (578 MB unpacked), and the binding between
 * them is compiled here. The package's own download of that library is left out: it is from another host and often fails.
 *
 * Prints the folder on standard output. Exits with 2 and one sentence where it cannot be built.
 *
 *   node scripts/tfjs-node.mjs [FOLDER]     by default cipherprune-tfjs-node in the temporary folder
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const TFJS = '4.22.0';
/** Of those on PyPI the one whose headers and symbols that version of the binding was written for. */
const TENSORFLOW = '2.12.1';

const require = createRequire(import.meta.url);
const project = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = resolve(process.argv[2] ?? join(tmpdir(), 'cipherprune-tfjs-node'));
const packageFolder = join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
const binding = join(packageFolder, 'lib', 'napi-v8', 'tfjs_binding.node');

function giveUp(reason) {
  console.error(`tfjs-node: not built: ${reason}`);
  process.exit(2);
}

/** Runs a command; a failure ends the script with what it was for and the last line that it wrote. */
function run(purpose, command, args, options = {}) {
  try {
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });
  } catch (error) {
    const said = String(error.stderr ?? error.message).trim();
    giveUp(`${purpose}: ${said.split('\n').at(-1)}`);
  }
}

/** libtensorflow and its headers, out of the wheel. */
function fetchLibrary() {
  const lib = join(folder, 'lib');
  if (existsSync(join(lib, 'libtensorflow.so'))) return lib;
  const python = ['python3', 'python'].find((name) => {
    try {
      execFileSync(name, ['-m', 'pip', '--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
  if (!python) giveUp('expected Python with pip, found none');
  const wheels = join(folder, 'wheel');
  rmSync(wheels, { recursive: true, force: true });
  // For any Python: only the library inside is used.
  const target = ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'];
  const platform = ['--platform', 'manylinux_2_17_x86_64', '--platform', 'manylinux2014_x86_64'];
  const only = ['--no-deps', '--only-binary=:all:', ...target, ...platform];
  run(`pip download tensorflow-cpu==${TENSORFLOW}`, python, [
    ...['-m', 'pip', 'download', '--quiet', ...only, '--dest', wheels],
    `tensorflow-cpu==${TENSORFLOW}`,
  ]);
  const wheel = readdirSync(wheels).find((name) => name.endsWith('.whl'));
  run('unpacking the wheel', python, ['-m', 'zipfile', '-e', join(wheels, wheel), join(wheels, 'all')]);
  const unpacked = join(wheels, 'all', 'tensorflow');
  const partial = `${lib}.tmp`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial);
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'])
    renameSync(join(unpacked, name), join(partial, name));
  renameSync(join(unpacked, 'include'), join(partial, 'include'));
  symlinkSync('libtensorflow_framework.so.2', join(partial, 'libtensorflow_framework.so'));
  symlinkSync('libtensorflow_cc.so.2', join(partial, 'libtensorflow.so'));
  rmSync(lib, { recursive: true, force: true });
  renameSync(partial, lib);
  rmSync(wheels, { recursive: true, force: true });
  return lib;
}

/** The JavaScript of the package; TensorFlow.js itself is the project's, so that both are one library. */
function fetchPackage() {
  if (!existsSync(packageFolder)) {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent', '--prefix', folder];
    run('npm install', 'npm', ['install', ...options, `@tensorflow/tfjs-node@${TFJS}`], { cwd: folder });
  }
  const own = join(project, 'node_modules', '@tensorflow');
  for (const name of readdirSync(join(folder, 'node_modules', '@tensorflow'))) {
    if (name === 'tfjs-node' || !existsSync(join(own, name))) continue;
    const copy = join(folder, 'node_modules', '@tensorflow', name);
    rmSync(copy, { recursive: true, force: true });
    symlinkSync(join(own, name), copy);
  }
}

function compile(lib) {
  if (existsSync(binding)) return;
  mkdirSync(dirname(binding), { recursive: true });
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(packageFolder, 'binding', name));
  const headers = [require('node-api-headers').include_dir, join(lib, 'include'), packageFolder];
  run('compiling the binding', process.env.CXX ?? 'g++', [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...headers.flatMap((path) => ['-I', path]),
    ...sources,
    ...['-L', lib, '-ltensorflow', '-ltensorflow_framework', `-Wl,-rpath,${lib}`],
    ...['-o', `${binding}.tmp`],
  ]);
  renameSync(`${binding}.tmp`, binding);
}

if (process.platform !== 'linux' || process.arch !== 'x64') giveUp('expected Linux on x86-64');
mkdirSync(folder, { recursive: true });
const lib = fetchLibrary();
fetchPackage();
compile(lib);
console.log(folder);
