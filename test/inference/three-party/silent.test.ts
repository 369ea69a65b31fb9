/** Connections to a node that say nothing: so many of an address, and a client comes in beside them. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import { receiveHello, sendOpening } from '../../../inference/three-party/messages.js';
import { NodeServer } from '../../../inference/three-party/node-server.js';
import { readNodeModel, shareModel } from '../../../inference/three-party/share-model.js';
import { writeArtifact } from '../../../model/artifact/artifact-file.js';
import { freeNodes } from '../../support/free-ports.js';

it('keep nobody out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cipherprune-silent-'));
  const parts = await writeArtifact(join(folder, 'artifact'), tinyArtifact({ scheduled: true }));
  await shareModel(parts, join(folder, 'shares'));
  const peers = await freeNodes();
  const node = await NodeServer.start({
    model: await readNodeModel(join(folder, 'shares', '0')),
    peers,
    timeoutMilliseconds: 60_000,
  });
  const silent: Socket[] = [];
  try {
    for (let i = 0; i < 40; i++) {
      const socket = connect({ port: node.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
      silent.push(socket.on('error', () => undefined).resume());
      await once(socket, 'connect');
    }
    for (let i = 0; i < 100 && silent.filter(({ closed }) => !closed).length > 16; i++) await sleep(20);
    expect(silent.filter(({ closed }) => !closed)).toHaveLength(16);
    const client = await connectTcp('127.0.0.1', node.port, { timeoutMilliseconds: 20_000 });
    sendOpening(client, 'client');
    expect((await receiveHello(client)).node).toBe(0);
    await client.close();
  } finally {
    for (const socket of silent) socket.destroy();
    await node.close();
    await rm(folder, { recursive: true });
  }
});
