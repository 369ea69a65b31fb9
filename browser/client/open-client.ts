/** Connecting to a server, in the worker: the handshake, and the set-up of keys. */
import { Client } from '../../inference/client/client.js';
import { LastingClient } from '../../inference/client/lasting-client.js';
import { sendToken, tokenBytes } from '../../inference/net/token.js';
import { openEngineParty } from '../../inference/run/engine-party.js';
import { protocolDigest } from '../../inference/run/protocol-digest.js';
import { parsePublicPart } from '../../model/artifact/public-part.js';
import { BrowserServers, readPart, writePart } from './browser-store.js';
import { describeModel } from './describe-model.js';
import type { ConnectionTerms } from './messages.js';
import { openSocket } from './open-socket.js';
import type { Opened, Told } from './serve-calls.js';

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
  const channel = await openSocket(terms.url, `the server at ${terms.url}`, terms.timeoutMilliseconds);
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
export async function openClient(terms: ConnectionTerms, told: Told): Promise<Opened> {
  const met: Met = { isNew: false, receivedBytes: 0 };
  const reopen = (digest: string | null) => connectOnce(terms, digest, told, met);
  const client = await LastingClient.open(reopen, { reconnects: terms.reconnects, onNote: told.onNote });
  return { client, model: { ...describeModel(client), ...met } };
}
