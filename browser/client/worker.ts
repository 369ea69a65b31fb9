/** The client party in a worker of its own: the page stays responsive however long a computation takes. */
import type { LastingClient } from '../../inference/client/lasting-client.js';
import type { Reply, Request, Result } from './messages.js';
import { openClient } from './open-client.js';

const say = (reply: Reply): void => postMessage(reply);

let client: LastingClient | null = null;
/** Texts that were asked for and have no answer. */
let texts = 0;

async function answer(request: Request): Promise<Result> {
  if (request.kind === 'connect') {
    const opened = await openClient(request.terms, {
      onNote: (line) => say({ kind: 'note', line }),
      onWait: (wait) => say({ kind: 'wait', wait }),
    });
    client = opened.client;
    return opened.model;
  }
  if (client === null) throw new Error(`worker: expected a connection before ${request.kind}`);
  const { id } = request;
  switch (request.kind) {
    case 'classify':
      texts++;
      return client
        .classify(request.input, { onLayer: (layer) => say({ kind: 'layer', id, layer }) })
        .finally(() => texts--);
    case 'prepare':
      // A text that comes meanwhile waits for a short step only.
      await client.prepare(request.texts, { shouldStop: () => texts > 0 });
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
