/** Connecting to a server, in the worker: over a WebSocket, with what the browser keeps. */
import { LastingClient } from '../../inference/client/lasting-client.js';
import { openClient } from '../../inference/client/open-client.js';
import { openEngineParty } from '../../inference/run/engine-party.js';
import { BROWSER_PARTS, BrowserServers } from './browser-store.js';
import { describeModel } from './describe-model.js';
import type { ConnectionTerms } from './messages.js';
import { openSocket } from './open-socket.js';
import type { Opened, Told } from './serve-calls.js';

/** @throws ProtocolError, ModelChangedError, OpensMoreError */
export async function openServer(terms: ConnectionTerms, { onNote, onWait }: Told): Promise<Opened> {
  const { url, timeoutMilliseconds, reconnects, cache, knownServers, model: modelName, ...asked } = terms;
  const met = { isNew: false, receivedBytes: 0 };
  const reopen = (digest: string | null) =>
    openClient({
      ...asked,
      ...{ modelName, onNote, onWait },
      modelDigest: asked.modelDigest ?? digest ?? undefined,
      address: new URL(url).host,
      openChannel: () => openSocket(url, `the server at ${url}`, timeoutMilliseconds),
      open: openEngineParty,
      knownServers: knownServers === 'ignore' ? undefined : new BrowserServers(knownServers === 'accept'),
      parts: cache ? BROWSER_PARTS : null,
      onNewServer: () => {
        met.isNew = true;
      },
      onReceived: (bytes) => {
        met.receivedBytes = bytes;
      },
    });
  const client = await LastingClient.open(reopen, { reconnects, onNote });
  return { client, model: { ...describeModel(client), ...met } };
}
