/**
 * Which weights each server let stay here last, so that those of a model or key that it has replaced do not fill the disk. A file beside
 * the folders of weights; without it, or where it is damaged, nothing is removed.
 */
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { makeDirectory } from '../../util/make-directory.js';

const FILE = 'servers.json';
const FORMAT = { format: 'cipherprune-resident-servers', formatVersion: 1 } as const;

const schema = z.strictObject({
  format: z.literal(FORMAT.format),
  formatVersion: z.literal(FORMAT.formatVersion),
  /** Names of folders by server. */
  servers: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
});

type Servers = z.output<typeof schema>['servers'];

async function readServers(folder: string): Promise<Servers> {
  try {
    return schema.parse(JSON.parse(await readFile(join(folder, FILE), 'utf8'))).servers;
  } catch {
    return {};
  }
}

/** Whole or not at all. */
async function writeServers(folder: string, servers: Servers): Promise<void> {
  const own = join(folder, `${FILE}.${crypto.randomUUID()}`);
  await writeFile(own, `${JSON.stringify({ ...FORMAT, servers }, null, 2)}\n`, { mode: 0o600 });
  await rename(own, join(folder, FILE));
}

async function bytesBelow(path: string): Promise<number> {
  const files = await readdir(path).catch(() => []);
  const sizes = await Promise.all(files.map((file) => stat(join(path, file)).then(({ size }) => size)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** This server has the weights of folder `name` now; → bytes removed of those that it had before and no other server has. */
export async function takeOver(folder: string, server: string, name: string): Promise<number> {
  const servers = await readServers(folder);
  const before = servers[server];
  if (before === name) return 0;
  await makeDirectory(folder, 0o700);
  const others = { ...servers, [server]: name };
  await writeServers(folder, others);
  if (before === undefined || Object.values(others).includes(before)) return 0;
  const bytes = await bytesBelow(join(folder, before));
  await rm(join(folder, before), { recursive: true, force: true });
  return bytes;
}
