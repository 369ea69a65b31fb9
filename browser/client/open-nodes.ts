/** Connecting to three nodes, in the worker: a WebSocket to each. */
import { DEFAULT_ANSWER } from '../../inference/core/answer.js';
import type { WebSocketChannel } from '../../inference/net/web-socket-channel.js';
import { NodesClient } from '../../inference/three-party/nodes-client.js';
import { describeModel } from './describe-model.js';
import type { NodesTerms } from './messages.js';
import { openSocket } from './open-socket.js';
import type { Opened } from './serve-calls.js';

async function openSockets({ nodes, timeoutMilliseconds }: NodesTerms): Promise<WebSocketChannel[]> {
  const opening = nodes.map((url, node) => openSocket(url, `node ${node} at ${url}`, timeoutMilliseconds));
  const settled = await Promise.allSettled(opening);
  const failed = settled.find((one) => one.status === 'rejected');
  const open = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (failed === undefined) return open;
  await Promise.all(open.map((channel) => channel.close()));
  throw failed.reason;
}

/** @throws UnreachableError, ProtocolError, OpensMoreError */
export async function openNodes(terms: NodesTerms): Promise<Opened> {
  const answer = { ...DEFAULT_ANSWER, ...(terms.answer ? { kind: terms.answer } : {}) };
  const channels = await openSockets(terms);
  const { opens, modelDigest } = terms;
  const client = await NodesClient.open(channels, { answer, opens, modelDigest });
  const { digest, commitment, manifest, files } = client.publicPart;
  const fileBytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  return {
    client,
    model: {
      ...describeModel({ digest, commitment, answer, model: client.model }),
      isNew: false,
      receivedBytes: manifest.length + fileBytes,
    },
  };
}
