/**
 * Builds kernels/ into build/native/cipherprune.node with nothing but a C++ compiler: headers come from the
 * packages node-api-headers and node-addon-api, so no download is needed.
 *
 *   --unless-prebuilt   does nothing where the package of this platform is installed and loads
 *   --check FOLDER      builds nothing, and fails unless what is built there was made from these sources
 *   --package NAME      builds what that package of prebuilt.json holds, into build/prebuilt/: for any machine of its platform, the
 *                       same bytes wherever it is built by the same compiler, $CXX with its arguments
 *
 * A file named *.avx2.cc, *.avx512.cc or *.avx512bf16.cc is compiled for that instruction set only (see ISA_FLAGS);
 * the code that calls it asks the processor first. Everything else is portable C++17.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: asked } = parseArgs({
  options: {
    'unless-prebuilt': { type: 'boolean', default: false },
    check: { type: 'string' },
    package: { type: 'string' },
  },
});
const prebuilt = JSON.parse(readFileSync(join(root, 'kernels', 'prebuilt.json'), 'utf8'));
const forPackage = asked.package !== undefined;
/** What is built for. */
const platform = forPackage
  ? prebuilt.find(({ name }) => name === asked.package)
  : { os: process.platform, cpu: process.arch };
if (!platform) throw new Error(`--package: expected one of kernels/prebuilt.json, got ${asked.package}`);
/** For tests: `address,undefined` or `thread`, built beside the others and loaded where this variable is set. */
const sanitize = process.env.CIPHERPRUNE_SANITIZE ?? '';
if (!/^[a-z,]*$/.test(sanitize))
  throw new Error(`CIPHERPRUNE_SANITIZE: expected names of sanitizers, got ${sanitize}`);
const outputFolder = forPackage
  ? join(root, 'build', 'prebuilt', asked.package)
  : join(root, 'build', sanitize ? `native-${sanitize.replaceAll(',', '-')}` : 'native');
const addonPath = join(outputFolder, 'cipherprune.node');
const require = createRequire(import.meta.url);

const AVX512_FLAGS = [
  '-Wno-uninitialized',
  '-Wno-maybe-uninitialized', // GCC 12 warns about its own intrinsics (bug 105593)
  '-mavx2',
  '-mfma',
  '-mbmi2',
  '-mf16c',
  '-mavx512f',
  '-mavx512dq',
  '-mavx512bw',
  '-mavx512vl',
  '-mavx512ifma',
  '-mavx512vbmi',
  '-mgfni',
  '-mvaes',
  '-maes',
  '-mpclmul',
  '-mvpclmulqdq',
];

/** Instruction sets by file suffix, for x86-64; on other processors such files are left out. */
const ISA_FLAGS = {
  '.avx2.cc': ['-mavx2', '-mfma', '-mbmi2', '-mf16c', '-maes', '-mpclmul'],
  '.avx512.cc': AVX512_FLAGS,
  '.avx512bf16.cc': [...AVX512_FLAGS, '-mavx512bf16'],
};

const LINK_FLAGS = {
  darwin: ['-bundle', '-undefined', 'dynamic_lookup'],
  linux: ['-shared', '-Wl,-z,relro,-z,now,-z,noexecstack'],
};

/** Nothing of the machine it is built on, and nothing asked of the one that it comes to but its C library. */
const PACKAGE_LINK_FLAGS = {
  // A library in place of a bundle, whose linking zig 0.17.1 does not survive; Node loads both.
  darwin: ['-shared', '-undefined', 'dynamic_lookup', '-Wl,-install_name,cipherprune.node'],
  linux: [...LINK_FLAGS.linux, '-static-libstdc++', '-static-libgcc', '-Wl,--build-id=none', '-Wl,-s'],
};

/** The name of an installed package that has these kernels for this machine, or null. */
function installedPrebuilt() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const fits = ({ os, cpu }) => os === process.platform && cpu === process.arch;
  for (const { name } of prebuilt.filter(fits))
    try {
      if (require(`${name}/package.json`).version === version && require(name)) return name;
    } catch {}
  return null;
}

/** A program and its first arguments. */
function findCompiler() {
  for (const candidate of [process.env.CXX, 'g++', 'clang++', 'c++'].filter(Boolean)) {
    const [program, ...first] = candidate.split(' ');
    try {
      execFileSync(program, [...first, '--version'], { stdio: 'ignore' });
      return [program, ...first];
    } catch {}
  }
  console.error(
    'cipherprune: no C++ compiler found (tried $CXX, g++, clang++, c++): the kernels run as WebAssembly, several times slower. For the fast ones install a compiler, for example `apt-get install g++` or `xcode-select --install`, and run `npm run build:native`.',
  );
  process.exit(0);
}

/** Every .cc and .h file below a folder, sorted, so that the build is the same everywhere. */
function filesBelow(folder, ending) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Of their contents, one after another. */
function digestOf(files) {
  const digest = createHash('sha256');
  for (const file of files) digest.update(readFileSync(file));
  return digest.digest('hex');
}

const parts = ['src', 'bindings', 'napi'].map((part) => join(root, 'kernels', part));
const sources = parts.flatMap((part) => filesBelow(part, '.cc'));
const headerFiles = ['.h', '.inl'].flatMap((ending) => parts.flatMap((part) => filesBelow(part, ending)));
const headersHash = digestOf(headerFiles);
/** Of which sources the addon beside it was made. */
const STAMP = 'sources.txt';
const sourcesHash = digestOf([...sources, ...headerFiles]);

if (asked.check !== undefined) {
  const stamp = join(asked.check, STAMP);
  const isSame = existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash;
  // Who compares times first need not ask again.
  try {
    if (isSame) utimesSync(stamp, new Date(), new Date());
  } catch {}
  process.exit(isSame ? 0 : 1);
}

const found = asked['unless-prebuilt'] ? installedPrebuilt() : null;
if (found !== null) {
  console.error(`cipherprune: native kernels of ${found}`);
  process.exit(0);
}
const [compiler, ...compilerArguments] = findCompiler();
const isX86 = platform.cpu === 'x64';
const headers = require('node-api-headers').include_dir;
const addonApi = dirname(require.resolve('node-addon-api/napi.h'));
const baseFlags = [
  '-std=c++17',
  ...(sanitize
    ? ['-O1', '-g', `-fsanitize=${sanitize}`, '-fno-sanitize-recover=all', '-fno-omit-frame-pointer']
    : [
        '-O3',
        '-U_FORTIFY_SOURCE',
        '-D_FORTIFY_SOURCE=3',
        '-fstack-protector-strong',
        ...(isX86 ? ['-fcf-protection=full'] : []),
      ]),
  '-fPIC',
  '-Wall',
  '-Wextra',
  '-Wno-unused-parameter',
  '-fvisibility=hidden',
  '-pthread',
  '-DNAPI_VERSION=8',
  '-DNODE_ADDON_API_DISABLE_DEPRECATED',
  '-DNODE_ADDON_API_CPP_EXCEPTIONS_ALL',
  ...(isX86 ? ['-DCIPHERPRUNE_X86=1'] : []),
];
/** Where headers are, which is another place in an installed package, does not change what is built; nor does the root. */
const includeFlags = [
  `-ffile-prefix-map=${root}=.`,
  `-I${headers}`,
  `-I${addonApi}`,
  `-I${join(root, 'kernels')}`,
  `-I${join(root, 'kernels', 'napi')}`,
];

function planOf(source) {
  const suffix = Object.keys(ISA_FLAGS).find((ending) => source.endsWith(ending));
  if (suffix && !isX86) return null;
  const flags = [...baseFlags, ...(suffix ? ISA_FLAGS[suffix] : [])];
  const digest = createHash('sha256')
    .update(readFileSync(source))
    .update(headersHash)
    .update([compiler, ...compilerArguments].join(' '))
    .update(flags.join(' '))
    .digest('hex')
    .slice(0, 16);
  return { source, flags, object: join(outputFolder, `${basename(source, '.cc')}-${digest}.o`) };
}

async function compile({ source, flags, object }) {
  if (existsSync(object)) return false;
  const temporary = `${object}.${process.pid}.tmp`;
  const { stderr } = await promisify(execFile)(
    compiler,
    [...compilerArguments, ...flags, ...includeFlags, '-c', source, '-o', temporary],
    {
      maxBuffer: 1 << 26,
    },
  );
  if (stderr) process.stderr.write(stderr);
  renameSync(temporary, object);
  return true;
}

mkdirSync(outputFolder, { recursive: true });
const plans = sources.map(planOf).filter(Boolean);
const queue = [...plans];
let compiled = 0;
try {
  await Promise.all(
    Array.from({ length: Math.max(1, availableParallelism()) }, async () => {
      for (let plan = queue.shift(); plan; plan = queue.shift()) if (await compile(plan)) compiled++;
    }),
  );
  const stamp = join(outputFolder, 'linked.txt');
  const objects = plans.map((plan) => plan.object);
  const linkedBefore = existsSync(stamp) && existsSync(addonPath) ? readFileSync(stamp, 'utf8') : '';
  if (linkedBefore !== objects.join('\n')) {
    // Under its own name, which signatures on macOS hold.
    const temporary = join(outputFolder, `${process.pid}.tmp`, basename(addonPath));
    mkdirSync(dirname(temporary), { recursive: true });
    const link = (forPackage ? PACKAGE_LINK_FLAGS : LINK_FLAGS)[
      platform.os === 'darwin' ? 'darwin' : 'linux'
    ];
    const sanitizers = sanitize ? [`-fsanitize=${sanitize}`] : [];
    await promisify(execFile)(compiler, [
      ...compilerArguments,
      ...link,
      ...sanitizers,
      '-pthread',
      '-o',
      temporary,
      ...objects,
    ]);
    renameSync(temporary, addonPath);
    rmSync(dirname(temporary), { recursive: true });
    writeFileSync(stamp, objects.join('\n'));
    const keep = new Set(objects.map((object) => basename(object)));
    for (const name of readdirSync(outputFolder))
      if (name.endsWith('.o') && !keep.has(name)) rmSync(join(outputFolder, name));
  }
  writeFileSync(join(outputFolder, STAMP), sourcesHash);
} catch (error) {
  console.error(
    `cipherprune: building the native kernels failed with ${[compiler, ...compilerArguments].join(' ')}:\n${error.stderr ?? error.message}`,
  );
  process.exit(1);
}
console.error(`cipherprune: native kernels ready (${compiled} of ${plans.length} files compiled)`);
