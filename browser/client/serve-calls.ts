/** The worker's end of a page's calls: a client that is opened by the first one and closed by the last. */
import type { LayerProgress } from '../../inference/client/client-runs.js';
import type { Wait } from '../../inference/net/notice.js';
import type { Classification } from '../../inference/run/classification.js';
import type { TextInput } from '../../inference/run/text-input.js';
import type { ConnectedModel, Reply, Request, Result, Terms } from './messages.js';

/** What a user is told on the way. */
export interface Told {
  onNote(line: string): void;
  onWait(wait: Wait): void;
}

export interface WorkingClient {
  classify(
    input: TextInput,
    options: { readonly onLayer: (layer: LayerProgress) => void },
  ): Promise<Classification>;
  prepare(texts: number, options: { readonly shouldStop: () => boolean }): Promise<unknown>;
  close(): Promise<void>;
}

export interface Opened {
  readonly client: WorkingClient;
  readonly model: ConnectedModel;
}

const say = (reply: Reply): void => postMessage(reply);

/** Answers what the page asks for; `open` connects. */
export function serveCalls<T extends Terms>(open: (terms: T, told: Told) => Promise<Opened>): void {
  let client: WorkingClient | null = null;
  /** Texts that were asked for and have no answer. */
  let texts = 0;

  async function answer(request: Request<T>): Promise<Result> {
    if (request.kind === 'connect') {
      const opened = await open(request.terms, {
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

  addEventListener('message', ({ data }: MessageEvent<Request<T>>) => {
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
}
