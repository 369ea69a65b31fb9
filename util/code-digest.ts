/** What tells whether results of an earlier day are still those of this program: a digest of the code that computes them. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFile } from './package-file.js';

/** Not what reads command lines, draws figures or serves: those print numbers and make none. */
const COMPUTING = ['bench', 'config', 'data', 'inference', 'methods', 'model', 'training'];
const HEXADECIMAL_DIGITS = 16;

/** Paths within the folder, in an order that every machine has. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

/** Of the modules of this kind, sources or compiled, in the folders; hexadecimal. */
function digestOf(modules: readonly string[], others: readonly string[]): string {
  const hash = createHash('sha256');
  const kind = extname(fileURLToPath(import.meta.url));
  const computing = modules.flatMap(filesIn).filter((path) => path.endsWith(kind) && !path.endsWith('.d.ts'));
  for (const path of [...computing, ...others.flatMap(filesIn)]) hash.update(readFileSync(path)).update('\0');
  return hash.digest('hex').slice(0, HEXADECIMAL_DIGITS);
}

/** The same as long as nothing is changed that computes, whatever the package's version says. */
export const codeDigest = (): string =>
  digestOf(
    COMPUTING.map((folder) => fileURLToPath(new URL(`../${folder}`, import.meta.url))),
    [packageFile('kernels', 'src')],
  );
