/**
 * The kernels in Node: the native addon that was built here, else the one of an installed package for this platform, else
 * WebAssembly, which is slower. The environment variable CIPHERPRUNE_KERNELS (`native` or `wasm`) decides for tests and comparisons.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { packageFile, packageVersion } from '../util/package-file.js';
import { checkBuild } from './check-build.js';
import type { Kernels } from './kernels.js';
import { WasmInstance } from './wasm/instance.js';

/** With sanitizers, for tests: see build.mjs. */
const SANITIZE = process.env.CIPHERPRUNE_SANITIZE;
const FOLDER = SANITIZE ? `native-${SANITIZE.replaceAll(',', '-')}` : 'native';
const BUILD = packageFile('build', FOLDER);
const ADDON = join(BUILD, 'cipherprune.node');

const require = createRequire(import.meta.url);

interface Platform {
  readonly name: string;
  readonly os: string;
  readonly cpu: string;
}

/** There is none, or it is one for another C library: a package manager may install both. */
const isAbsent = ({ code }: { readonly code?: string }): boolean =>
  code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED';

/** From the package of this platform and version (kernels/prebuilt.json), where it is installed. */
function prebuilt(): Addon | null {
  const platforms: readonly Platform[] = JSON.parse(
    readFileSync(packageFile('kernels', 'prebuilt.json'), 'utf8'),
  );
  for (const { name, os, cpu } of platforms)
    try {
      if (os === process.platform && cpu === process.arch)
        if (require(`${name}/package.json`).version === packageVersion()) return require(name) as Addon;
    } catch (error) {
      if (!isAbsent(error as { code?: string })) throw error;
    }
  return null;
}

/** What the addon has beside the kernels. */
interface Addon extends Kernels {
  /** Gives memory back to the system that was freed and is kept for the next job (glibc; elsewhere nothing is kept). Some 100 ms. */
  returnFreedMemory(): void;
}

function native(): Addon | null {
  if (!existsSync(ADDON)) return prebuilt();
  checkBuild(BUILD);
  return require(ADDON) as Addon;
}

function wasm(): Kernels {
  const module = new WebAssembly.Module(readFileSync(packageFile('kernels', 'wasm', 'cipherprune.wasm')));
  return new WasmInstance((imports) => new WebAssembly.Instance(module, imports)).kernels();
}

interface Loaded {
  readonly kind: 'native' | 'wasm';
  readonly kernels: Kernels;
  readonly returnFreedMemory: () => void;
}

function load(): Loaded {
  const asked = process.env.CIPHERPRUNE_KERNELS || null;
  if (asked !== null && asked !== 'native' && asked !== 'wasm')
    throw new Error(`CIPHERPRUNE_KERNELS: expected native or wasm, got ${JSON.stringify(asked)}`);
  const compiled = asked === 'wasm' ? null : native();
  if (compiled)
    return { kind: 'native', kernels: compiled, returnFreedMemory: () => compiled.returnFreedMemory() };
  if (asked === 'native')
    throw new Error(`native kernels: expected ${ADDON}, found nothing; run \`npm run build:native\``);
  // WebAssembly's memory never becomes smaller.
  return { kind: 'wasm', kernels: wasm(), returnFreedMemory: () => undefined };
}

const loaded = load();
/** Which of them run here. */
export const kernelKind = loaded.kind;
/** That one job may use. */
export const kernelThreads = kernelKind === 'native' ? availableParallelism() : 1;
export const kernels: Kernels = loaded.kernels;
export const returnFreedMemory = loaded.returnFreedMemory;
