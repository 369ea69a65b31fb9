/** A node that is asked to end: the text at work is answered, no other begins, and the process ends with 0. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectNodes } from '../../../inference/three-party/connect-nodes.js';
import { start } from '../../cli/run-cli.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { closeAll, type SharedFolder, shareTiny, startNodes } from '../../support/node-servers.js';

const TIMEOUT_MILLISECONDS = 5_000;
let shared: SharedFolder;

beforeAll(async () => {
  shared = await shareTiny();
});

afterAll(() => shared.remove());

it.each([0, 1])(
  'finishes the text at work, as node %i',
  async (ending) => {
    const nodes = await freeNodes();
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const servers = await startNodes(shared.shares, (node) => ({
      peers: nodes,
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      around: async (linked, body) => {
        if (node === ending) begun();
        // Long enough for the end to be asked for in the middle.
        await sleep(500);
        return body(linked);
      },
    }));
    try {
      const client = await connectNodes({ nodes, timeoutMilliseconds: 4 * TIMEOUT_MILLISECONDS });
      const answered = client.classify('a good movie.');
      await running;
      const ended = servers[ending]!.drain(30_000);
      expect((await answered).label).toBeTypeOf('number');
      await ended;
      await expect(client.classify('a good movie.')).rejects.toThrow();
      await client.close();
    } finally {
      await closeAll(servers);
    }
  },
  60_000,
);

it('ends with 0 at SIGTERM', async () => {
  const peers = (await freeNodes()).map(({ host, port }) => `${host}:${port}`).join(',');
  const node = start('serve-node', '--shares', join(shared.shares, '0'), '--peers', peers);
  await node.line(/listening/);
  node.child.kill('SIGTERM');
  const { code, stderr } = await node.outcome;
  expect([code, stderr]).toEqual([0, expect.stringContaining('node 0: ending; a text at work has 60 s')]);
}, 60_000);
