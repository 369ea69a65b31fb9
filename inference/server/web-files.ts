/** The page that a server serves, or one of three nodes, read once: what scripts/build-browser.mjs made. */
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
  'cipherprune.wasm': 'application/wasm',
} as const;

const WORKER = 'text/javascript; charset=utf-8';
/** Where the page reads whose client it is. */
const NODES = '<meta name="nodes" content="none">';

/** Addresses as attributes hold them: none has a character that could end one. */
function withNodes(page: Uint8Array, nodes: readonly string[]): Uint8Array {
  const html = new TextDecoder().decode(page);
  if (!html.includes(NODES)) throw new Error(`the page lacks ${NODES}: npm run build makes it`);
  const content = nodes.map((url) => new URL(url).href).join(' ');
  return new TextEncoder().encode(html.replace(NODES, NODES.replace('none', content)));
}

/**
 * By path; `/` is the page itself, as the client of the server that serves it, or of the three nodes that are given (their
 * WebSockets' URLs). @throws Error if the page was not built
 */
export async function readWebFiles(
  folder: string,
  nodes: readonly string[] | null = null,
): Promise<ReadonlyMap<string, WebFile>> {
  const files = new Map<string, WebFile>();
  const types = { ...TYPES, [nodes === null ? 'worker.js' : 'nodes-worker.js']: WORKER };
  for (const [name, type] of Object.entries(types)) {
    const read = await readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`the page lacks ${name} (${error.code ?? error.message}): npm run build makes it`);
    });
    const bytes = nodes !== null && name === 'index.html' ? withNodes(read, nodes) : read;
    const tag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    files.set(name === 'index.html' ? '/' : `/${name}`, { type, bytes, gzipped: gzipSync(bytes), tag });
  }
  return files;
}
