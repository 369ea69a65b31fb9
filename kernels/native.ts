/** The kernels as a native addon of Node. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { packageFile } from '../util/package-file.js';
import type { Kernels } from './kernels.js';

function load(): Kernels {
  const path = packageFile('build', 'native', 'cipherprune.node');
  if (!existsSync(path)) {
    throw new Error(`native kernels: expected ${path}, found nothing; run \`npm run build:native\``);
  }
  return createRequire(import.meta.url)(path) as Kernels;
}

export const kernels: Kernels = load();
