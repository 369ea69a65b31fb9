/** A node that is asked to end: the text at work is answered, no other begins, and the process ends with 0. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { connectNodes } from '../../../inference/three-party/connect-nodes.js';
import { NodeServer } from '../../../inference/three-party/node-server.js';
import { readNodeModel, shareModel } from '../../../inference/three-party/share-model.js';
import { writeArtifact } from '../../../model/artifact/artifact-file.js';
import { start } from '../../cli/run-cli.js';
import { freeNodes } from '../../support/free-ports.js';

const TIMEOUT_MILLISECONDS = 5_000;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cipherprune-drain-'));
  const parts = await writeArtifact(join(folder, 'artifact'), tinyArtifact({ scheduled: true }));
  await shareModel(parts, join(folder, 'shares'));
});

afterAll(() => rm(folder, { recursive: true }));

it.each([0, 1])(
  'finishes the text at work, as node %i',
  async (ending) => {
    const nodes = await freeNodes();
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const servers: NodeServer[] = [];
    for (const node of [0, 1, 2])
      servers.push(
        await NodeServer.start({
          model: await readNodeModel(join(folder, 'shares', String(node))),
          peers: nodes,
          timeoutMilliseconds: TIMEOUT_MILLISECONDS,
          around: async (linked, body) => {
            if (node === ending) begun();
            // Long enough for the end to be asked for in the middle.
            await sleep(500);
            return body(linked);
          },
        }),
      );
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
      await Promise.all(servers.map((server) => server.close()));
    }
  },
  60_000,
);

it('ends with 0 at SIGTERM', async () => {
  const peers = (await freeNodes()).map(({ host, port }) => `${host}:${port}`).join(',');
  const node = start('serve-node', '--shares', join(folder, 'shares', '0'), '--peers', peers);
  await node.line(/listening/);
  node.child.kill('SIGTERM');
  const { code, stderr } = await node.outcome;
  expect([code, stderr]).toEqual([0, expect.stringContaining('node 0: ending; a text at work has 60 s')]);
}, 60_000);
