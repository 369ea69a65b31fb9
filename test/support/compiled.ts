/**
 * The project's own modules as plain JavaScript, for the processes that tests start: those read sources through a loader, which takes a
 * second of the processor at every start. Compiled once for each state of the sources, whichever test comes first, so that nobody runs
 * what a build of another day left.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { packageFile } from '../../util/package-file.js';

const FOLDER = packageFile('build', 'test-programs');
/** A run of all tests takes less; until then its processes may start from a state that was. */
const KEPT_MILLISECONDS = 4 * 3_600_000;

/** Paths of what the package is made of, from its root. */
function sources(): string[] {
  const { include } = JSON.parse(readFileSync(packageFile('tsconfig.build.json'), 'utf8'));
  return (include as string[]).flatMap((name) =>
    name.endsWith('.ts')
      ? [name]
      : readdirSync(packageFile(name), { recursive: true, encoding: 'utf8' })
          .filter((path) => path.endsWith('.ts'))
          .map((path) => join(name, path)),
  );
}

function stateOf(paths: readonly string[]): string {
  const hash = createHash('sha256').update(readFileSync(packageFile('package.json')));
  for (const path of paths) {
    const { mtimeMs, size } = statSync(packageFile(path));
    hash.update(`${path} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

function compile(paths: readonly string[], to: string): void {
  buildSync({
    absWorkingDir: packageFile(),
    entryPoints: [...paths],
    outdir: to,
    outbase: '.',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
  const { type, imports } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'));
  const compiled = JSON.parse(JSON.stringify(imports).replaceAll('.ts"', '.js"'));
  writeFileSync(join(to, 'package.json'), JSON.stringify({ type, imports: compiled }));
}

function compiledRoot(): string {
  const paths = sources();
  const root = join(FOLDER, stateOf(paths));
  if (existsSync(root)) return root;
  mkdirSync(FOLDER, { recursive: true });
  for (const name of readdirSync(FOLDER))
    if (statSync(join(FOLDER, name)).mtimeMs < Date.now() - KEPT_MILLISECONDS)
      rmSync(join(FOLDER, name), { recursive: true, force: true });
  const made = mkdtempSync(join(FOLDER, 'new-'));
  compile(paths, made);
  try {
    renameSync(made, root);
  } catch (error) {
    // Somebody else was faster.
    if (!existsSync(root)) throw error;
    rmSync(made, { recursive: true });
  }
  return root;
}

let root: string | null = null;

/** A module's compiled file, by its place in the package: `compiledFile('cli', 'main.ts')`. */
export function compiledFile(...path: readonly string[]): string {
  root ??= compiledRoot();
  return join(root, ...path).replace(/\.ts$/, '.js');
}
