/** A client of three nodes over TCP or TLS. */
import type { Channel } from '../net/channel.js';
import { type Address, type Certificates, checkPlain, connectLink } from './links.js';
import { NodesClient, type NodesClientOptions } from './nodes-client.js';
import { loadToDisk } from './public-on-disk.js';

/** What may wait in memory for the disk while the public part comes; all else that nodes send is smaller. */
const BUFFER_BYTES = 1 << 18;

export interface ConnectNodesOptions extends Omit<NodesClientOptions, 'loadPublic'> {
  readonly nodes: readonly [Address, Address, Address];
  readonly timeoutMilliseconds: number;
  /** The authority that signed the nodes' certificates; null for plain TCP, which may leave the machine with `insecurePlain` only. */
  readonly certificates?: Certificates | null;
  readonly insecurePlain?: boolean;
  /** Public parts by digest; keeps none unless given. */
  readonly cacheFolder?: string | null;
}

/** @throws UnreachableError, ProtocolError, and as NodesClient.open */
export async function connectNodes(options: ConnectNodesOptions): Promise<NodesClient> {
  const {
    nodes,
    timeoutMilliseconds,
    certificates = null,
    insecurePlain = false,
    cacheFolder = null,
  } = options;
  checkPlain(nodes, certificates, insecurePlain);
  const channels: Channel[] = [];
  try {
    const link = { timeoutMilliseconds, bufferBytes: BUFFER_BYTES };
    for (const address of nodes) channels.push(await connectLink(address, certificates, link));
  } catch (error) {
    await Promise.all(channels.map((channel) => channel.close()));
    throw error;
  }
  return NodesClient.open(channels, { ...options, loadPublic: loadToDisk(cacheFolder) });
}
