/**
 * CipherPrune in a browser: private classification by a server that is reached over a WebSocket, or by three nodes. The
 * computation runs in a worker, which must lie beside this file, with the kernels: `worker.js` (for nodes `nodes-worker.js`),
 * `cipherprune.wasm`.
 */
import { DEFAULT_TIMEOUT_MILLISECONDS } from '../../api/defaults.js';
import type { LayerProgress } from '../../inference/client/client-runs.js';
import type { AnswerKind } from '../../inference/core/answer.js';
import type { CotKind } from '../../inference/core/cot-kind.js';
import type { LineWish } from '../../inference/core/line-speed.js';
import type { Classification } from '../../inference/run/classification.js';
import type { Wait } from '../../inference/net/notice.js';
import type { Openings } from '../../inference/run/openings.js';
import type { TextInput } from '../../inference/run/text-input.js';
import type { ConnectedModel, Failure, Reply, Request, Result, Terms } from './messages.js';

export type { LayerProgress } from '../../inference/client/client-runs.js';
export type { AnswerKind } from '../../inference/core/answer.js';
export type { CotKind } from '../../inference/core/cot-kind.js';
export type { LineWish } from '../../inference/core/line-speed.js';
export type { Classification, LayerReport } from '../../inference/run/classification.js';
export type { Wait } from '../../inference/net/notice.js';
export type { Openings } from '../../inference/run/openings.js';
export type { TextInput } from '../../inference/run/text-input.js';
export type { LeakRecord } from '../../inference/session/session.js';
export type { ConnectedModel } from './messages.js';

export interface ConnectOptions {
  /** ws:// or wss://; by default `connect` beside the page, on the page's own server. */
  readonly url?: string | URL | undefined;
  /** What the server knows this client by: `cp_…`, as `tokens add` printed it. */
  readonly token?: string | undefined;
  /** The model of this name, where the server has several; its choice by default. */
  readonly model?: string | undefined;
  /** Connections that may break, or be refused for now, before it is an error; 0 by default. A text without an answer is sent anew. */
  readonly reconnects?: number | undefined;
  /** The server is given up when nothing moves for this long; 60,000 by default. */
  readonly timeoutMilliseconds?: number | undefined;
  /** How oblivious transfers are made: `softspoken` (the default) in the least time, `ferret` in the fewest bytes. */
  readonly cots?: CotKind | undefined;
  /** How fast the line to the server is: fewer bytes and more work on a `slow` one. What the server says, or a round trip does, by default. */
  readonly line?: LineWish | undefined;
  /** What to be told: the label, probabilities or logits, at most what the server gives; all of that by default. */
  readonly answer?: AnswerKind | undefined;
  /**
   * The most that a model may open to both parties beside the answer: `nothing` by default, or `counts`, how many tokens each layer
   * keeps, of which the server's weights decide what they say of a text.
   */
  readonly opens?: Openings | undefined;
  /** Check that oblivious transfers are made as agreed; either party may ask. False by default. */
  readonly checks?: boolean | undefined;
  /** Accept only the model with this digest: 64 hexadecimal digits. */
  readonly modelDigest?: string | undefined;
  /** Keep the model's public part for the next time. True by default. */
  readonly cache?: boolean | undefined;
  /**
   * Where no model is pinned: `remember` (the default) refuses a server that has another model than the last time, `accept`
   * takes the new one and remembers it, `ignore` remembers nothing.
   */
  readonly knownServers?: 'remember' | 'accept' | 'ignore' | undefined;
  /** Told where this client stands as long as the server has it wait: for a place, or for its turn. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** Told what a user should know. */
  readonly onNote?: ((line: string) => void) | undefined;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal | undefined;
}

export interface NodesOptions
  extends Pick<
    ConnectOptions,
    'timeoutMilliseconds' | 'answer' | 'opens' | 'modelDigest' | 'onNote' | 'signal'
  > {
  /** wss:// of nodes 0, 1 and 2 (`serve-node --web`), at three operators: two of them together read the text. */
  readonly nodes: readonly [string | URL, string | URL, string | URL];
}

export interface CallOptions {
  /** Ends the call, and the connection with it: the server is in the middle of the same run. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each layer when it is done. */
  readonly onLayer?: ((layer: LayerProgress) => void) | undefined;
}

/** What the worker met; `code` is that of the same error in Node: ERR_MODEL_CHANGED, ERR_PEER_CLOSED … */
export class ClientError extends Error {
  override name: string;
  readonly code: string;

  constructor({ name, code = 'ERR_UNKNOWN', message }: Failure) {
    super(message);
    this.name = name;
    this.code = code;
  }
}

interface Pending {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  readonly onLayer: ((layer: LayerProgress) => void) | undefined;
}

/** Requests without their numbers. */
type Unnumbered<R> = R extends Request ? Omit<R, 'id'> : never;

/** The worker's end: numbered requests, and what comes back for each. */
class Calls {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #ready: Promise<void>;
  #next = 0;
  #ended: unknown = null;

  constructor(worker: Worker, { onNote, onWait }: Pick<ConnectOptions, 'onNote' | 'onWait'>) {
    this.#worker = worker;
    let onReady = (): void => undefined;
    this.#ready = new Promise((resolve) => {
      onReady = resolve;
    });
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.kind === 'ready') return onReady();
      if (data.kind === 'note') return onNote?.(data.line);
      if (data.kind === 'wait') return onWait?.(data.wait);
      const pending = this.#pending.get(data.id);
      if (data.kind === 'layer') return pending?.onLayer?.(data.layer);
      this.#pending.delete(data.id);
      if (data.kind === 'result') pending?.resolve(data.result);
      else pending?.reject(new ClientError(data.failure));
    };
    this.#worker.onerror = ({ message }) => {
      const failure = {
        name: 'Error',
        code: 'ERR_WORKER',
        message: message || 'the worker cannot be loaded',
      };
      this.end(new ClientError(failure));
    };
  }

  call(request: Unnumbered<Request>, { signal, onLayer }: CallOptions = {}): Promise<Result> {
    signal?.throwIfAborted();
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#next++;
    const onAbort = (): void => this.end(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    return new Promise<Result>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onLayer });
      void this.#ready.then(() => this.#worker.postMessage({ ...request, id }));
    }).finally(() => signal?.removeEventListener('abort', onAbort));
  }

  /** Whatever waits fails; the connection breaks with its worker. */
  end(reason: unknown): void {
    this.#ended ??= reason;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

export class Client implements AsyncDisposable {
  readonly #calls: Calls;
  #closing: Promise<void> | null = null;

  /** By `connect`. */
  constructor(
    calls: Calls,
    readonly model: ConnectedModel,
  ) {
    this.#calls = calls;
  }

  /** One text or pair; the next begins when it is done. */
  async classify(input: TextInput, options?: CallOptions): Promise<Classification> {
    return (await this.#calls.call({ kind: 'classify', input }, options)) as Classification;
  }

  /** Makes material for so many texts to come, as far as the server keeps it: they then take less time. */
  async prepare(texts: number, options?: Pick<CallOptions, 'signal'>): Promise<void> {
    await this.#calls.call({ kind: 'prepare', texts }, options);
  }

  /** Waits for calls that were made, says goodbye and closes. */
  close(): Promise<void> {
    this.#closing ??= this.#calls
      .call({ kind: 'close' })
      .then(() => undefined)
      .finally(() =>
        this.#calls.end(
          new ClientError({ name: 'Error', code: 'ERR_CLOSED', message: 'the client is closed' }),
        ),
      );
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** `wss` where the page came over TLS. */
function defaultUrl(): URL {
  const url = new URL('./connect', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}

const serverTerms = (options: ConnectOptions): Terms => ({
  url: String(options.url ?? defaultUrl()),
  token: options.token,
  model: options.model,
  reconnects: options.reconnects ?? 0,
  timeoutMilliseconds: options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
  cots: options.cots,
  line: options.line,
  answer: options.answer,
  opens: options.opens ?? 'nothing',
  checks: options.checks ?? false,
  modelDigest: options.modelDigest,
  cache: options.cache ?? true,
  knownServers: options.knownServers ?? 'remember',
});

const nodesTerms = (options: NodesOptions): Terms => ({
  nodes: options.nodes.map(String),
  timeoutMilliseconds: options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
  answer: options.answer,
  opens: options.opens ?? 'nothing',
  modelDigest: options.modelDigest,
});

/**
 * Connects to a server, agrees on model and protocol, and sets up keys; or to three nodes, among which the client only splits its
 * texts.
 * @throws ClientError; the signal's reason
 */
export async function connect(options: ConnectOptions | NodesOptions = {}): Promise<Client> {
  const { signal } = options;
  signal?.throwIfAborted();
  const terms = 'nodes' in options ? nodesTerms(options) : serverTerms(options);
  // Bundlers find workers that are written so.
  const worker =
    'nodes' in options
      ? new Worker(new URL('./nodes-worker.js', import.meta.url), { type: 'module' })
      : new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const calls = new Calls(worker, options);
  try {
    const model = await calls.call({ kind: 'connect', terms }, { signal });
    return new Client(calls, model as ConnectedModel);
  } catch (error) {
    calls.end(error);
    throw error;
  }
}
