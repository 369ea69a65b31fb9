/** Connecting, in the worker: a WebSocket, the handshake, and the set-up of keys. */
import { taskOfModel } from '../../data/sources/tasks.js';
import { Client } from '../../inference/client/client.js';
import { LastingClient } from '../../inference/client/lasting-client.js';
import { UnreachableError } from '../../inference/core/errors.js';
import type { Wait } from '../../inference/net/notice.js';
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
      reject(new UnreachableError(`${peer} cannot be reached${reason}`));
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

/** What a user is told on the way. */
export interface Told {
  onNote(line: string): void;
  onWait(wait: Wait): void;
}

export interface OpenClient {
  readonly client: LastingClient;
  readonly model: ConnectedModel;
}

/** What is met when the model is agreed on. */
interface Met {
  isNew: boolean;
  receivedBytes: number;
}

/** One connection to the model of this digest; null: to the one that the terms name, or any. */
async function connectOnce(
  terms: ConnectionTerms,
  digest: string | null,
  { onNote, onWait }: Told,
  met: Met,
): Promise<Client> {
  const { knownServers, cache, model: modelName } = terms;
  const modelDigest = terms.modelDigest ?? digest;
  const { host } = new URL(terms.url);
  // Each model of a server is remembered by itself.
  const address = modelName === undefined ? host : `${host} ${modelName}`;
  const servers =
    modelDigest === null && knownServers !== 'ignore' ? new BrowserServers(knownServers === 'accept') : null;
  const secret = terms.token === undefined ? null : tokenBytes(terms.token);
  const channel = await openSocket(terms);
  try {
    if (secret) sendToken(channel, secret);
    const client = await Client.open(channel, {
      terms: {
        protocolDigest: protocolDigest(),
        modelDigest,
        modelName,
        cots: terms.cots,
        answer: terms.answer,
        checks: terms.checks,
        accept: async (shown) => {
          met.isNew = (await servers?.check(address, shown)) ?? false;
        },
        lookUp: async (shown) => (cache ? readPart(shown) : null),
        parse: parsePublicPart,
      },
      open: openEngineParty,
      opens: terms.opens,
      onNote,
      onWait,
      onPublicPart: async (shown, bytes) => {
        met.receivedBytes = bytes.length;
        if (cache) await writePart(shown, bytes);
      },
    });
    if (met.isNew) await servers?.remember(address, client.digest);
    return client;
  } catch (error) {
    await channel.close();
    throw error;
  }
}

/** @throws ProtocolError, ModelChangedError, OpensMoreError */
export async function openClient(terms: ConnectionTerms, told: Told): Promise<OpenClient> {
  const met: Met = { isNew: false, receivedBytes: 0 };
  const reopen = (digest: string | null) => connectOnce(terms, digest, told, met);
  const client = await LastingClient.open(reopen, { reconnects: terms.reconnects, onNote: told.onNote });
  return { client, model: { ...describe(client), ...met } };
}

function describe({
  digest,
  commitment,
  answer,
  model,
}: LastingClient): Omit<ConnectedModel, 'isNew' | 'receivedBytes'> {
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
