/** Connecting, in the worker: a WebSocket, the handshake, and the set-up of keys. */
import { taskOfModel } from '../../data/sources/tasks.js';
import { Client } from '../../inference/client/client.js';
import { ProtocolError } from '../../inference/core/errors.js';
import { sendToken, tokenBytes } from '../../inference/net/token.js';
import { SUBPROTOCOL, WebSocketChannel } from '../../inference/net/web-socket-channel.js';
import { openEngineParty } from '../../inference/run/engine-party.js';
import { openingsOf } from '../../inference/run/openings.js';
import { protocolDigest } from '../../inference/run/protocol-digest.js';
import { parsePublicPart } from '../../model/artifact/public-part.js';
import { BrowserServers, readPart, writePart } from './browser-store.js';
import type { ConnectedModel, ConnectionTerms } from './messages.js';

/** A browser says nothing of why. */
function openSocket({ url, timeoutMilliseconds }: ConnectionTerms): Promise<WebSocketChannel> {
  const peer = `the server at ${url}`;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, SUBPROTOCOL);
    const fail = (reason: string): void => {
      clearTimeout(timer);
      reject(new ProtocolError(`${peer} cannot be reached${reason}`));
      socket.close();
    };
    const timer = setTimeout(
      () => fail(` (no answer in ${timeoutMilliseconds / 1000} s)`),
      timeoutMilliseconds,
    );
    socket.onerror = () => fail('');
    socket.onopen = () => {
      clearTimeout(timer);
      socket.onerror = null;
      resolve(new WebSocketChannel(socket, { peer, timeoutMilliseconds }));
    };
  });
}

export interface OpenClient {
  readonly client: Client;
  readonly model: ConnectedModel;
}

/** @throws ProtocolError, ModelChangedError, OpensMoreError */
export async function openClient(
  terms: ConnectionTerms,
  onNote: (line: string) => void,
): Promise<OpenClient> {
  const { modelDigest = null, knownServers, cache } = terms;
  const { host: address } = new URL(terms.url);
  const servers =
    modelDigest === null && knownServers !== 'ignore' ? new BrowserServers(knownServers === 'accept') : null;
  const secret = terms.token === undefined ? null : tokenBytes(terms.token);
  let isNew = false;
  let receivedBytes = 0;
  const channel = await openSocket(terms);
  try {
    if (secret) sendToken(channel, secret);
    const client = await Client.open(channel, {
      terms: {
        protocolDigest: protocolDigest(),
        modelDigest,
        cots: terms.cots,
        answer: terms.answer,
        accept: async (digest) => {
          isNew = (await servers?.check(address, digest)) ?? false;
        },
        lookUp: async (digest) => (cache ? readPart(digest) : null),
        parse: parsePublicPart,
      },
      open: openEngineParty,
      opens: terms.opens,
      onNote,
      onPublicPart: async (digest, bytes) => {
        receivedBytes = bytes.length;
        if (cache) await writePart(digest, bytes);
      },
    });
    if (isNew) await servers?.remember(address, client.digest);
    return { client, model: { ...describe(client), isNew, receivedBytes } };
  } catch (error) {
    await channel.close();
    throw error;
  }
}

function describe({
  digest,
  commitment,
  answer,
  model,
}: Client): Omit<ConnectedModel, 'isNew' | 'receivedBytes'> {
  const { config, maxTokens } = model;
  const task = taskOfModel(model);
  return {
    digest,
    commitment,
    answer,
    task: task?.name ?? null,
    pair: task?.pair ?? null,
    labels: config.labels,
    layers: config.layers,
    maxTokens,
    opens: openingsOf(model),
  };
}
