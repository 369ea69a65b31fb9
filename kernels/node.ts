/**
 * The kernels in Node: the native addon where it is built, else WebAssembly, which needs no compiler and is slower. The
 * environment variable CIPHERPRUNE_KERNELS (`native` or `wasm`) decides for tests and comparisons.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { packageFile } from '../util/package-file.js';
import type { Kernels } from './kernels.js';
import { WasmInstance } from './wasm/instance.js';

/** With sanitizers, for tests: see build.mjs. */
const SANITIZE = process.env.CIPHERPRUNE_SANITIZE;
const FOLDER = SANITIZE ? `native-${SANITIZE.replaceAll(',', '-')}` : 'native';
const ADDON = packageFile('build', FOLDER, 'cipherprune.node');

function native(): Kernels {
  if (!existsSync(ADDON)) {
    throw new Error(`native kernels: expected ${ADDON}, found nothing; run \`npm run build:native\``);
  }
  return createRequire(import.meta.url)(ADDON) as Kernels;
}

function wasm(): Kernels {
  const module = new WebAssembly.Module(readFileSync(packageFile('kernels', 'wasm', 'cipherprune.wasm')));
  return new WasmInstance((imports) => new WebAssembly.Instance(module, imports)).kernels();
}

function choose(): 'native' | 'wasm' {
  const asked = process.env.CIPHERPRUNE_KERNELS;
  if (asked === undefined || asked === '') return existsSync(ADDON) ? 'native' : 'wasm';
  if (asked === 'native' || asked === 'wasm') return asked;
  throw new Error(`CIPHERPRUNE_KERNELS: expected native or wasm, got ${JSON.stringify(asked)}`);
}

/** Which of them run here. */
export const kernelKind = choose();
/** That one job may use. */
export const kernelThreads = kernelKind === 'native' ? availableParallelism() : 1;
export const kernels: Kernels = kernelKind === 'native' ? native() : wasm();
