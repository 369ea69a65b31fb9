/** A client that cannot be opened leaves nothing open. */
import { expect, it } from 'vitest';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { PeerClosedError } from '../../../inference/core/errors.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { encodeHello } from '../../../inference/three-party/messages.js';
import { NodesClient } from '../../../inference/three-party/nodes-client.js';
import { SUITES } from '../../../inference/core/suite.js';
import { parsePublicPart, serializePublicPart } from '../../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../../model/artifact/public-part.js';

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
