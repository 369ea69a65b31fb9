/**
 * Writes dist/package.json: conditional modules (`#kernels` and the like) resolve to sources from the sources, by the root's
 * package.json, and to compiled files from dist/, by this one.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const { type, imports } = JSON.parse(readFileSync('package.json', 'utf8'));
const compiled = JSON.parse(JSON.stringify(imports).replaceAll('.ts"', '.js"'));
writeFileSync('dist/package.json', `${JSON.stringify({ type, imports: compiled }, null, 2)}\n`);
