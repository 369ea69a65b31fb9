/** The server party. */
import type { AnswerTerms } from '../inference/core/answer.js';
import type { CotKind } from '../inference/core/cot-kind.js';
import type { ServerTls } from '../inference/net/tls.js';
import type { ServedPools } from '../inference/server/serve-ahead.js';
import type { ServedModel } from '../inference/server/serve-connection.js';
import {
  DEFAULT_AHEAD_MEGABYTES,
  DEFAULT_HOST,
  DEFAULT_MAX_CLIENTS,
  DEFAULT_POOLS_MEGABYTES,
  DEFAULT_PORT,
  DEFAULT_TIMEOUT_MILLISECONDS,
} from './defaults.js';
import { onUse } from './on-use.js';

export interface ServeOptions {
  /** Folder of the exported model. */
  readonly artifact: string;
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** 7643 by default; 0 picks a free one. */
  readonly port?: number;
  /** A client is given up when no byte arrives for this long; 60,000 by default. */
  readonly timeoutMilliseconds?: number;
  /** Clients served at a time, 16 by default; more are turned away. */
  readonly maxClients?: number;
  /** Ways to make oblivious transfers that clients may choose from; all by default. */
  readonly cots?: readonly CotKind[];
  /** What clients are told: the label, probabilities or logits, and to how many fraction bits; probabilities to 6 by default. */
  readonly answer?: AnswerTerms;
  /** Megabytes of material that a client may have made ahead, 256 by default; 0: none. */
  readonly aheadMegabytes?: number;
  /** Folder that keeps, for a week at most, what is left of clients' material. */
  readonly pools?: string | undefined;
  /** Megabytes that this folder may hold, 1,000 by default; the oldest give way. */
  readonly poolsMegabytes?: number;
  /** Keep the word table secret too: clients look their words up by a private product. */
  readonly privateEmbedding?: boolean;
  /** TLS 1.3 with this certificate; without it the server is for this machine only. */
  readonly tls?: ServerTls | undefined;
  /** Let others reach the server in the clear. */
  readonly insecurePlain?: boolean;
  /** File of `tokens add`: clients must show one of its tokens. */
  readonly tokens?: string | undefined;
  /** Port for /healthz, /readyz and /metrics over HTTP; 0 picks a free one. */
  readonly httpPort?: number | undefined;
  /** One line for each connection, text and failure; never anything about a text but its padded length. */
  readonly onLog?: (line: string) => void;
  /** Closes the server. */
  readonly signal?: AbortSignal | undefined;
}

export interface Server extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Of the model as clients see it: they may pin it (`connect({ modelDigest })`). */
  readonly modelDigest: string;
  /** Of health, readiness and metrics; null without. */
  readonly httpPort: number | null;
  /** Stops accepting and ends the open connections. */
  close(): Promise<void>;
  /** Stops accepting, lets texts that are at work finish for so long at most, then ends. */
  drain(graceMilliseconds: number): Promise<void>;
}

async function poolsOf(folder: string, megabytes: number, model: ServedModel): Promise<ServedPools> {
  const { DEFAULT_POOL_LIMITS, PoolFolder } = await import('../inference/server/pool-folder.js');
  const { weightsDigest } = await import('../inference/server/weights-digest.js');
  return {
    folder: new PoolFolder(folder, { ...DEFAULT_POOL_LIMITS, bytes: megabytes * 1e6 }),
    model: weightsDigest(model.terms.modelDigest, model.private),
  };
}

/**
 * Serves a model; resolves once clients can connect. The process lives as long as the server is open.
 * @throws ArtifactError, or an Error that names the address if it cannot be listened on
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const { artifact, pools, poolsMegabytes = DEFAULT_POOLS_MEGABYTES, signal, ...others } = options;
  signal?.throwIfAborted();
  const { servedModelOf } = await onUse(() => import('../inference/server/served-model.js'));
  const { openEngineParty } = await import('../inference/run/engine-party.js');
  const { startServer } = await import('../inference/server/server.js');
  const { Tokens } = await import('../inference/server/tokens.js');
  const aheadMegabytes = options.aheadMegabytes ?? DEFAULT_AHEAD_MEGABYTES;
  const model = await servedModelOf(artifact, { ...others, aheadMegabytes });
  const server = await startServer({
    model,
    pools: pools === undefined ? null : await poolsOf(pools, poolsMegabytes, model),
    open: openEngineParty,
    host: options.host ?? DEFAULT_HOST,
    port: options.port ?? DEFAULT_PORT,
    timeoutMilliseconds: options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
    maxClients: options.maxClients ?? DEFAULT_MAX_CLIENTS,
    log: options.onLog ?? (() => undefined),
    tls: options.tls ?? null,
    insecurePlain: options.insecurePlain ?? false,
    tokens: options.tokens === undefined ? null : await Tokens.open(options.tokens),
    httpPort: options.httpPort ?? null,
  });
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    signal?.removeEventListener('abort', close);
    closing ??= server.close();
    return closing;
  };
  if (signal?.aborted) await close();
  signal?.throwIfAborted();
  signal?.addEventListener('abort', close, { once: true });
  const { host, port, httpPort, drain } = server;
  const { modelDigest } = model.terms;
  return { host, port, httpPort, modelDigest, close, drain, [Symbol.asyncDispose]: close };
}
