/** A client that asks one node and not the others, or the others later: it holds nobody up. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Channel } from '../../../inference/net/channel.js';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import { connectNodes } from '../../../inference/three-party/connect-nodes.js';
import { connectLink } from '../../../inference/three-party/links.js';
import {
  encodeRequest,
  expectSuccess,
  receiveHello,
  sendOpening,
  WANTS,
} from '../../../inference/three-party/messages.js';
import type { Address, NodeServer } from '../../../inference/three-party/node-server.js';
import { NodesClient } from '../../../inference/three-party/nodes-client.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { closeAll, type SharedFolder, shareTiny, startNodes } from '../../support/node-servers.js';

const TEXT = 'a good movie.';
const TIMEOUT_MILLISECONDS = 10_000;

let shared: SharedFolder;
let nodes: readonly [Address, Address, Address];
let servers: readonly NodeServer[];

beforeAll(async () => {
  shared = await shareTiny();
  nodes = await freeNodes();
  servers = await startNodes(shared.shares, { peers: nodes, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
});

afterAll(async () => {
  await closeAll(servers);
  await shared.remove();
});

const classify = async (): Promise<number> => {
  await using client = await connectNodes({ nodes, timeoutMilliseconds: 2 * TIMEOUT_MILLISECONDS });
  return (await client.classify(TEXT)).label;
};

it.each([0, 1, 2])(
  'to node %i alone ends by its own timeout, and others are answered meanwhile',
  async (node) => {
    const lone = await connectTcp('127.0.0.1', nodes[node]!.port, {
      timeoutMilliseconds: 3 * TIMEOUT_MILLISECONDS,
    });
    sendOpening(lone, 'client');
    await receiveHello(lone);
    lone.send(Uint8Array.of(WANTS.no));
    lone.send(
      encodeRequest({ id: 'ab'.repeat(16), answer: { kind: 'label', bits: 0 }, suite: 'aes', buckets: [8] }),
    );
    const ends: string[] = [];
    const refused = expectSuccess(lone, node).then(
      () => ends.push('answered'),
      (error: Error) => ends.push(error.message),
    );
    await classify();
    ends.push('another text');
    await refused;
    expect(ends).toEqual([
      'another text',
      expect.stringContaining('the nodes did not begin with the text in time'),
    ]);
    await lone.close();
  },
  60_000,
);

it('that reaches two nodes a good while later is answered', async () => {
  const label = await classify();
  const links: Channel[] = [];
  for (const [node, address] of nodes.entries()) {
    const channel = await connectLink(address, null, { timeoutMilliseconds: 2 * TIMEOUT_MILLISECONDS });
    const late = (bytes: Uint8Array): void => {
      const copy = bytes.slice();
      setTimeout(() => channel.send(copy), 300);
    };
    links.push({
      send: node === 0 ? (bytes) => channel.send(bytes) : late,
      receive: (byteLength) => channel.receive(byteLength),
      close: () => channel.close(),
    });
  }
  await using client = await NodesClient.open(links);
  expect((await client.classify(TEXT)).label).toBe(label);
}, 60_000);
