/** Links among three nodes and a client on which somebody changes a byte: an error, never an answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Address, NodeServer } from '../../../inference/three-party/node-server.js';
import { connectNodes } from '../../../inference/three-party/connect-nodes.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { closeAll, type SharedFolder, shareTiny, startNodes } from '../../support/node-servers.js';
import { TAMPERINGS } from '../../support/tampering.js';
import { type Change, tamperingProxy } from '../../support/tampering-proxy.js';

/** A length that was moved makes an end wait: that ends, too. */
const TIMEOUT_MILLISECONDS = 5_000;
type Proxy = Awaited<ReturnType<typeof tamperingProxy>>;
type Three<T> = readonly [T, T, T];

describe('three nodes and a client, with somebody on the way', () => {
  let shared: SharedFolder;
  let addresses: Three<Address>;
  /** Before node 2 one that node 1 connects to, since these two exchange all messages; before node 1 one for clients. */
  let toNode: Proxy;
  let toClient: Proxy;
  let servers: readonly NodeServer[];

  beforeAll(async () => {
    shared = await shareTiny();
    addresses = await freeNodes();
    const proxyOf = (node: 1 | 2) => tamperingProxy(addresses[node].host, addresses[node].port);
    [toNode, toClient] = [await proxyOf(2), await proxyOf(1)];
    servers = await startNodes(shared.shares, (node) => ({
      peers: node === 1 ? [addresses[0], addresses[1], toNode.address] : addresses,
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    }));
  });

  afterAll(async () => {
    for (const proxy of [toNode, toClient]) proxy.close();
    await closeAll(servers);
    await shared.remove();
  });

  /** The label, or null after an error; `change` begins when the client is connected. */
  async function answer(proxy: Proxy | null, change: Change | null): Promise<number | null> {
    const client = await connectNodes({
      nodes: [addresses[0], toClient.address, addresses[2]],
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    });
    if (change) proxy?.change(change);
    try {
      return (await client.classify('a good movie.')).label;
    } catch {
      return null;
    } finally {
      await client.close();
    }
  }

  it('answer where nothing is changed', async () => {
    expect(await answer(null, null)).not.toBeNull();
  });

  // Up: request (21), secret (16), seed (16), shares, tag (32). Down: status (1), report (13), components, tag (32).
  it.each([
    ["the transcript's secret", 'up', 25, 'flip'],
    ['the seed', 'up', 40, 'swap'],
    ['the shares', 'up', 100, 'insert'],
    ['the report', 'down', 1, 'flip'],
    ['the answer', 'down', 14, 'flip'],
    ["the answer's tag", 'down', 20, 'swap'],
  ] as const)(
    'give no answer if between client and node changes %s',
    async (_what, direction, at, how) => {
      expect(await answer(toClient, { direction, at, how })).toBeNull();
      expect(toClient.isDone).toBe(true);
      expect(await answer(null, null)).not.toBeNull();
    },
    60_000,
  );

  it.each([
    ['up', 200],
    ['down', 3_000],
  ] as const)(
    'give no answer if a byte is changed between nodes, %s',
    async (direction, at) => {
      for (const how of TAMPERINGS) {
        expect([how, await answer(toNode, { direction, at, how })]).toEqual([how, null]);
        expect(toNode.isDone).toBe(true);
        // The nodes link up again.
        expect(await answer(null, null)).not.toBeNull();
      }
    },
    60_000,
  );

  it('give no answer if between client and node changes the request', async () => {
    expect(await answer(toClient, { direction: 'up', at: 18, how: 'flip' })).toBeNull();
    expect(toClient.isDone).toBe(true);
  }, 60_000);
});
