/**
 * Completes dist/: its package.json, by which conditional modules (`#kernels` and the like) resolve to compiled files where the
 * root's resolves them to sources; and nothing is left of sources that are gone.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const { type, imports } = JSON.parse(readFileSync('package.json', 'utf8'));
const compiled = JSON.parse(JSON.stringify(imports).replaceAll('.ts"', '.js"'));
writeFileSync('dist/package.json', `${JSON.stringify({ type, imports: compiled }, null, 2)}\n`);

const COMPILED = /(\.js|\.js\.map|\.d\.ts)$/;
for (const entry of readdirSync('dist', { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && COMPILED.test(path) && !existsSync(relative('dist', path).replace(COMPILED, '.ts')))
    rmSync(path);
}
