/**
 * Was the addon built from the sources that are here? In a checkout they change with every pull, and calls of kernels that are no longer as the
 * TypeScript has them end in anything: an answer that is wrong, a party that waits for ever.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../util/package-file.js';

/** What build.mjs compiles. */
const PARTS = ['src', 'bindings', 'napi'];

/** Of files, and of folders, which change when a file goes. */
function* timesBelow(folder: string): Generator<number> {
  yield statSync(folder).mtimeMs;
  for (const name of readdirSync(folder, { recursive: true }))
    yield statSync(join(folder, String(name))).mtimeMs;
}

/** Has anything been written since? By a checkout as well, which need not have changed it. */
function isTouchedSince(milliseconds: number): boolean {
  for (const part of PARTS)
    for (const time of timesBelow(packageFile('kernels', part))) if (time > milliseconds) return true;
  return false;
}

/** An installed package was built where it lies, and stays as it is. @throws Error that says what to do */
export function checkBuild(folder: string): void {
  if (!existsSync(packageFile('.git'))) return;
  const built = statSync(join(folder, 'sources.txt'), { throwIfNoEntry: false });
  if (built && !isTouchedSince(built.mtimeMs)) return;
  const { status } = spawnSync(process.execPath, [packageFile('kernels', 'build.mjs'), '--check', folder]);
  if (status !== 0)
    throw new Error(
      `native kernels: ${folder} was built from other sources than those in kernels; run \`npm run build:native\``,
    );
}
