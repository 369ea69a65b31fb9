/** A small model shared among three nodes, and these as servers of this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { type NodeOptions, NodeServer } from '../../inference/three-party/node-server.js';
import { readNodeModel, shareModel } from '../../inference/three-party/share-model.js';
import { writeArtifact } from '../../model/artifact/artifact-file.js';

/** Folders 0, 1 and 2 in a folder: what `shareModel` wrote. */
export interface SharedFolder {
  readonly shares: string;
  remove(): Promise<void>;
}

/** With public numbers of tokens, so that a client takes it as it comes. */
export async function shareTiny(): Promise<SharedFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'cipherprune-nodes-'));
  const shares = join(folder, 'shares');
  await shareModel(await writeArtifact(join(folder, 'artifact'), tinyArtifact({ scheduled: true })), shares);
  return { shares, remove: () => rm(folder, { recursive: true }) };
}

export const startNode = async (
  shares: string,
  node: number,
  options: Omit<NodeOptions, 'model'>,
): Promise<NodeServer> =>
  NodeServer.start({ ...options, model: await readNodeModel(join(shares, String(node))) });

/** All three; a function gives each its own options. */
export async function startNodes(
  shares: string,
  options: Omit<NodeOptions, 'model'> | ((node: number) => Omit<NodeOptions, 'model'>),
): Promise<NodeServer[]> {
  const servers: NodeServer[] = [];
  for (const node of [0, 1, 2])
    servers.push(await startNode(shares, node, typeof options === 'function' ? options(node) : options));
  return servers;
}

export const closeAll = async (servers: readonly NodeServer[]): Promise<void> => {
  await Promise.all(servers.map((server) => server.close()));
};
