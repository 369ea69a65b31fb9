/**
 * Bundles what browsers load into dist/browser, beside the declarations: the client as a library (`cipherprune/browser`), its worker, and the page of
 * `serve --web`. Prints the bytes of the page before the model's public part.
 */
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { build } from 'esbuild';

const FOLDER = 'dist/browser';
/** What a browser loads before it connects; with a model the public part comes on top. */
const MOST_PAGE_BYTES = 3_000_000;
const COPIES = [
  ['browser/page/index.html', 'index.html'],
  ['browser/page/page.css', 'page.css'],
  ['browser/page/icon.svg', 'icon.svg'],
  ['kernels/wasm/cipherprune.wasm', 'cipherprune.wasm'],
];

mkdirSync(FOLDER, { recursive: true });
await build({
  entryPoints: {
    index: 'browser/client/connect.ts',
    worker: 'browser/client/worker.ts',
    'nodes-worker': 'browser/client/nodes-worker.ts',
    page: 'browser/page/page.ts',
  },
  outdir: FOLDER,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'linked',
  logLevel: 'warning',
});
for (const [from, to] of COPIES) copyFileSync(from, `${FOLDER}/${to}`);
const names = [...COPIES.map(([, to]) => to), 'page.js', 'worker.js'];
const bytes = names.reduce((sum, name) => sum + statSync(`${FOLDER}/${name}`).size, 0);
console.log(`${FOLDER}: the page has ${(bytes / 1e6).toFixed(2)} MB`);
if (bytes > MOST_PAGE_BYTES) {
  console.error(`expected at most ${MOST_PAGE_BYTES / 1e6} MB`);
  process.exit(1);
}
