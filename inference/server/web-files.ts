/** The page that a server serves, read once: what scripts/build-browser.mjs made. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface WebFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly gzipped: Uint8Array;
  /** Changes with the content. */
  readonly tag: string;
}

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'page.js': 'text/javascript; charset=utf-8',
  'worker.js': 'text/javascript; charset=utf-8',
  'cipherprune.wasm': 'application/wasm',
} as const;

/** By path; `/` is the page itself. @throws Error if the page was not built */
export async function readWebFiles(folder: string): Promise<ReadonlyMap<string, WebFile>> {
  const files = new Map<string, WebFile>();
  for (const [name, type] of Object.entries(TYPES)) {
    const bytes = await readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`the page lacks ${name} (${error.code ?? error.message}): npm run build makes it`);
    });
    const tag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    files.set(name === 'index.html' ? '/' : `/${name}`, { type, bytes, gzipped: gzipSync(bytes), tag });
  }
  return files;
}
