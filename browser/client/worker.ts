/** The client party in a worker of its own: the page stays responsive however long a computation takes. */
import type { Client } from '../../inference/client/client.js';
import type { Reply, Request, Result } from './messages.js';
import { openClient } from './open-client.js';

const say = (reply: Reply): void => postMessage(reply);

let client: Client | null = null;

async function answer(request: Request): Promise<Result> {
  if (request.kind === 'connect') {
    const opened = await openClient(request.terms, (line) => say({ kind: 'note', line }));
    client = opened.client;
    return opened.model;
  }
  if (client === null) throw new Error(`worker: expected a connection before ${request.kind}`);
  const { id } = request;
  switch (request.kind) {
    case 'classify':
      return client.classify(request.input, { onLayer: (layer) => say({ kind: 'layer', id, layer }) });
    case 'prepare':
      await client.prepare(request.texts);
      return null;
    case 'close':
      await client.close();
      return null;
  }
}

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  const { id } = data;
  answer(data).then(
    (result) => say({ kind: 'result', id, result }),
    (error: Error & { readonly code?: string }) => {
      const { name, code, message } = error;
      say({ kind: 'failure', id, failure: { name, code, message } });
    },
  );
});
say({ kind: 'ready' });
