/** What operators ask of a node over HTTP. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { connectNodes } from '../../../inference/three-party/connect-nodes.js';
import type { Address, NodeServer } from '../../../inference/three-party/node-server.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { closeAll, type SharedFolder, shareTiny, startNode } from '../../support/node-servers.js';

const TEXTS = ['a good movie.', 'bad'];
const TIMEOUT_MILLISECONDS = 20_000;

let shared: SharedFolder;
let nodes: readonly [Address, Address, Address];
const servers: NodeServer[] = [];

const start = async (node: number): Promise<void> => {
  servers[node] = await startNode(shared.shares, node, {
    peers: nodes,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    httpPort: 0,
  });
};

beforeAll(async () => {
  shared = await shareTiny();
  nodes = await freeNodes();
});

afterAll(async () => {
  await closeAll(servers);
  await shared.remove();
});

async function get(node: number, path: string): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${servers[node]!.httpPort}${path}`);
  return [response.status, await response.text()];
}

const metric = async (node: number, name: string): Promise<number> => {
  const [, text] = await get(node, '/metrics');
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`cipherprune_${name} `))!
      .split(' ')[1],
  );
};

it('says whether it is linked, and what texts took among the nodes', async () => {
  await start(0);
  await start(1);
  expect(await get(1, '/healthz')).toEqual([200, 'ok\n']);
  expect(await get(1, '/readyz')).toEqual([503, 'not linked to both other nodes\n']);
  await start(2);
  await vi.waitFor(
    async () => {
      for (const node of [0, 1, 2]) expect(await get(node, '/readyz')).toEqual([200, 'ready\n']);
    },
    { timeout: TIMEOUT_MILLISECONDS },
  );
  {
    await using client = await connectNodes({ nodes, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
    for (const text of TEXTS) await client.classify(text);
    for (const node of [0, 1, 2]) expect(await metric(node, 'clients')).toBe(1);
  }
  const all = async (name: string) => {
    const values = await Promise.all([0, 1, 2].map((node) => metric(node, name)));
    return values.reduce((sum, value) => sum + value, 0);
  };
  for (const node of [0, 1, 2]) {
    await vi.waitFor(async () => expect(await metric(node, 'clients')).toBe(0));
    expect(await metric(node, 'texts_total{bucket="8"}')).toBe(TEXTS.length);
    expect(await metric(node, 'running_texts')).toBe(0);
    expect(await metric(node, 'queue{what="turns"}')).toBe(0);
    expect(await metric(node, 'failures_total')).toBe(0);
  }
  await new Promise<void>((resolve) => {
    const probe = connect(nodes[0].port, '127.0.0.1', () => probe.end());
    probe.once('close', () => resolve());
  });
  await vi.waitFor(async () => expect(await metric(0, 'probes_total')).toBe(1));
  expect(await metric(0, 'failures_total')).toBe(0);
  // What one sends another receives.
  expect(await all('bytes_total{direction="sent"}')).toBe(await all('bytes_total{direction="received"}'));
  expect(await metric(1, 'rounds_total')).toBeGreaterThan(10);

  await servers[2]!.close();
  await vi.waitFor(async () => expect((await get(0, '/readyz'))[0]).toBe(503), {
    timeout: TIMEOUT_MILLISECONDS,
  });
});
