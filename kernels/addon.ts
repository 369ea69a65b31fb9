/** Loads the native addon. Each area of kernels/types/ describes its part of the surface. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CotKernels } from './types/cot.js';
import type { CpuKernels } from './types/cpu.js';
import type { FerretKernels } from './types/ferret.js';
import type { FloatKernels } from './types/float.js';
import type { NttKernels } from './types/ntt.js';
import type { OtKernels } from './types/ot.js';
import type { PrgKernels } from './types/prg.js';
import type { RingKernels } from './types/ring.js';
import type { RlweKernels } from './types/rlwe.js';
import type { SeedMatrixKernels } from './types/seed-matrix.js';

export type Kernels = CpuKernels &
  FerretKernels &
  FloatKernels &
  CotKernels &
  NttKernels &
  OtKernels &
  PrgKernels &
  RingKernels &
  RlweKernels &
  SeedMatrixKernels;

/** The folder of package.json, seen from the sources and from dist/ alike. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

function load(): Kernels {
  const path = join(packageRoot(), 'build', 'native', 'cipherprune.node');
  if (!existsSync(path)) {
    throw new Error(`native kernels: expected ${path}, found nothing; run \`npm run build:native\``);
  }
  return createRequire(import.meta.url)(path) as Kernels;
}

export const kernels: Kernels = load();
