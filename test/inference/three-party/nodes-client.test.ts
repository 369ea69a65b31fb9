/** How a client and three nodes begin. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { PeerClosedError } from '../../../inference/core/errors.js';
import { SUITES } from '../../../inference/core/suite.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { connectLink } from '../../../inference/three-party/links.js';
import { encodeHello, receiveHello, sendOpening, WANTS } from '../../../inference/three-party/messages.js';
import { NodeServer } from '../../../inference/three-party/node-server.js';
import { NodesClient } from '../../../inference/three-party/nodes-client.js';
import { readNodeModel, shareModel } from '../../../inference/three-party/share-model.js';
import {
  parsePublicPart,
  serializePublicPart,
  writeArtifact,
} from '../../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../../model/artifact/public-part.js';
import { freeNodes } from '../../../util/free-addresses.js';

it('tells the nodes that wait while the public part comes from another, and they wait for longer than their timeout', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cipherprune-wait-'));
  const parts = await writeArtifact(join(folder, 'artifact'), tinyArtifact({ scheduled: true }));
  await shareModel(parts, join(folder, 'shares'));
  const peers = await freeNodes();
  const timeoutMilliseconds = 2_000;
  const model = await readNodeModel(join(folder, 'shares', '1'));
  const node = await NodeServer.start({
    model,
    peers: peers as [(typeof peers)[0], (typeof peers)[0], (typeof peers)[0]],
    timeoutMilliseconds,
  });
  const channel = await connectLink(peers[1]!, null, { timeoutMilliseconds: 60_000 });
  sendOpening(channel, 'client');
  await receiveHello(channel);
  for (const begin = performance.now(); performance.now() - begin < 2 * timeoutMilliseconds; ) {
    channel.send(Uint8Array.of(WANTS.later));
    await sleep(200);
  }
  channel.send(Uint8Array.of(WANTS.yes));
  const part = parsePublicPart(await channel.receive(model.publicBytes.length));
  expect(part.digest).toBe(parts.publicPart.digest);
  await channel.close();
  await node.close();

  // And the client's side of it, over a line on which a piece takes half a second.
  const pairs = [0, 1, 2].map(() => memoryChannelPair());
  const [bytes, offered] = [new Uint8Array(3 << 16), { digest: part.digest }];
  for (const [index, [end]] of pairs.entries())
    end.send(
      encodeHello({
        sharing: '00'.repeat(16),
        node: index,
        suites: SUITES,
        publicBytes: bytes.length,
        publicDigest: offered.digest,
      }),
    );
  const client = NodesClient.open(
    pairs.map(([, end]) => end),
    {
      async loadPublic({ pieces }) {
        for await (const _ of pieces());
        return { part };
      },
    },
  );
  for (let at = 0; at < bytes.length; at += 1 << 16) {
    await sleep(500);
    pairs[0]![0].send(bytes.subarray(at, at + (1 << 16)));
  }
  await (await client).close();
  const opening = 5;
  expect([...(await pairs[0]![0].receive(opening + 1))].slice(opening)).toEqual([WANTS.yes]);
  for (const [end] of pairs.slice(1))
    expect([...(await end.receive(opening + 4))].slice(opening)).toEqual([
      WANTS.later,
      WANTS.later,
      WANTS.later,
      WANTS.no,
    ]);
  await rm(folder, { recursive: true });
}, 60_000);

it('closes the public part when a node is gone before the client says whether it has one', async () => {
  const part = parsePublicPart(serializePublicPart(encodePublicPart(tinyArtifact({ seed: 1 }).public)));
  const pairs = [0, 1, 2].map(() => memoryChannelPair());
  for (const [node, [end]] of pairs.entries()) {
    const hello = {
      sharing: '00'.repeat(16),
      node,
      suites: SUITES,
      publicBytes: 100,
      publicDigest: part.digest,
    };
    end.send(encodeHello(hello));
  }
  let closed = 0;
  const client = NodesClient.open(
    pairs.map(([, end]) => end),
    {
      async loadPublic() {
        await pairs[2]![1].close();
        return { part, close: async () => void closed++ };
      },
    },
  );
  await expect(client).rejects.toThrow(PeerClosedError);
  expect(closed).toBe(1);
});
