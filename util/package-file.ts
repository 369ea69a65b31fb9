/** Files of the package, found from the sources, from dist/ and from an installed package alike. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** dist/ has a package.json too, without a name. */
function isPackageRoot(folder: string): boolean {
  const path = join(folder, 'package.json');
  return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).name === 'cipherprune';
}

/** The folder of this package's package.json. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isPackageRoot(folder)) {
    if (folder === dirname(folder)) throw new Error('cipherprune: expected a package.json above its files');
    folder = dirname(folder);
  }
  return folder;
}

export const packageFile = (...path: string[]): string => join(packageRoot(), ...path);

/** Of this package. */
export const packageVersion = (): string =>
  JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version;
