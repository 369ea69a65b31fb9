/** The server party. */
import type { AnswerTerms } from '../inference/core/answer.js';
import type { CotKind } from '../inference/core/cot-kind.js';
import type { ServerTls } from '../inference/net/tls.js';
import type { ServedPools } from '../inference/server/serve-ahead.js';
import type { ServedModel } from '../inference/server/serve-connection.js';
import type { LogRecord } from '../inference/server/server-log.js';
import type { RunningServer } from '../inference/server/server.js';
import type { WebPort } from '../inference/server/web-port.js';
import { UsageError } from '../util/errors.js';
import { packageFile } from '../util/package-file.js';
import {
  DEFAULT_AHEAD_MEGABYTES,
  DEFAULT_HOST,
  DEFAULT_MAX_CLIENTS,
  DEFAULT_POOLS_MEGABYTES,
  DEFAULT_PORT,
  DEFAULT_QUEUE_LENGTH,
  DEFAULT_TIMEOUT_MILLISECONDS,
} from './defaults.js';
import { onUse } from './on-use.js';

export interface ServeOptions {
  /** Folder of the exported model, or folders by the names that clients choose from; the first is for those who say nothing. */
  readonly artifact: string | Readonly<Record<string, string>>;
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** 7643 by default; 0 picks a free one. */
  readonly port?: number;
  /** A client is given up when no byte arrives for this long; 60,000 by default. */
  readonly timeoutMilliseconds?: number;
  /** Clients served at a time, 16 by default, half of them from one address; more wait. */
  readonly maxClients?: number;
  /** Clients that may wait for a place, 64 by default; more are refused. */
  readonly queueLength?: number;
  /** Protocol runs at a time; two for each core by default, and more as long as the processor is not busy. */
  readonly maxRuns?: number | undefined;
  /** What one identity may ask for: a token's or certificate's name, or an address. No limits by default. */
  readonly limits?: Limits;
  /** Ways to make oblivious transfers that clients may choose from; all by default. */
  readonly cots?: readonly CotKind[];
  /** No client without the checks of the OT extension (softspoken only); those that ask for them get them anyway. */
  readonly checks?: boolean;
  /** What clients are told: the label, probabilities or logits, and to how many fraction bits; probabilities to 6 by default. */
  readonly answer?: AnswerTerms;
  /** Megabytes of material that a client may have made ahead, 256 by default; 0: none. */
  readonly aheadMegabytes?: number;
  /** Folder that keeps, for a week at most, what is left of clients' material. */
  readonly pools?: string | undefined;
  /** Megabytes that this folder may hold, 1,000 by default, a quarter of it for one identity; the oldest give way. */
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
  /** A port for browsers: a page in which the client runs, and WebSockets for it and for others, on the same address; none by default. */
  readonly web?: WebOptions | undefined;
  /** One line for each connection, text and failure, and the same for machines; never anything about a text but its padded length. */
  readonly onLog?: (line: string, record: LogRecord) => void;
  /** Closes the server. */
  readonly signal?: AbortSignal | undefined;
}

export interface WebOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /** Of pages elsewhere that may connect, as browsers write them: `https://example.org`. */
  readonly origins?: readonly string[] | undefined;
}

export interface Limits {
  /** Connections at a time. */
  readonly connections?: number | undefined;
  readonly textsPerHour?: number | undefined;
  /** Bounds how often somebody can ask the same again, which is what learning a model from its answers takes. */
  readonly textsPerDay?: number | undefined;
  /** Megabytes of material made ahead. */
  readonly materialPerHour?: number | undefined;
  /** File that keeps the counts over restarts; without it a restart forgets them. */
  readonly file?: string | undefined;
}

export interface Server extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Of the (first) model as clients see it: they may pin it (`connect({ modelDigest })`). */
  readonly modelDigest: string;
  /** Reads the artifacts again: clients that come from then on get what is there. Throws, and changes nothing, if that is no model. */
  reload(): Promise<void>;
  /** Of health, readiness and metrics; null without. */
  readonly httpPort: number | null;
  /** Of the page; null without. */
  readonly webPort: number | null;
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

/** All models by name, read and checked; a model alone has none that clients would see. */
async function readModels(options: ServeOptions): Promise<ReadonlyMap<string, ServedModel>> {
  const { artifact, pools, poolsMegabytes = DEFAULT_POOLS_MEGABYTES } = options;
  const { servedModelOf } = await import('../inference/server/served-model.js');
  const aheadMegabytes = options.aheadMegabytes ?? DEFAULT_AHEAD_MEGABYTES;
  const folders = typeof artifact === 'string' ? { '': artifact } : artifact;
  const models = new Map<string, ServedModel>();
  for (const [name, folder] of Object.entries(folders)) {
    const model = await servedModelOf(folder, { ...options, aheadMegabytes, ...(name ? { name } : {}) });
    models.set(name, {
      ...model,
      pools: pools === undefined ? null : await poolsOf(pools, poolsMegabytes, model),
    });
  }
  if (models.size === 0) throw new UsageError('serve: expected an artifact, got none');
  return models;
}

async function openLimits({ materialPerHour, ...limits }: Limits) {
  const { IdentityLimits } = await import('../inference/server/limits.js');
  const materialBytesPerHour = materialPerHour === undefined ? undefined : materialPerHour * 1e6;
  return IdentityLimits.open({ ...limits, materialBytesPerHour });
}

function checkedOrigin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw new UsageError(`web origin: expected one as https://example.org, got ${text}`);
}

/** The page as `npm run build` made it, and WebSockets for clients. */
async function openWeb(options: ServeOptions, server: RunningServer): Promise<WebPort | null> {
  const { web, tls = null, timeoutMilliseconds = DEFAULT_TIMEOUT_MILLISECONDS } = options;
  if (web === undefined) return null;
  const { readWebFiles } = await import('../inference/server/web-files.js');
  const { openWebPort } = await import('../inference/server/web-port.js');
  return openWebPort({
    host: server.host,
    port: web.port,
    tls,
    files: await readWebFiles(packageFile('dist', 'browser')),
    origins: (web.origins ?? []).map(checkedOrigin),
    timeoutMilliseconds,
    serve: (channel, from) => server.serveChannel(channel, from),
  });
}

/**
 * Serves models; resolves once clients can connect. The process lives as long as the server is open.
 * @throws ArtifactError, or an Error that names the address if it cannot be listened on
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const { signal, onLog = () => undefined } = options;
  signal?.throwIfAborted();
  const { ServedModels } = await onUse(() => import('../inference/server/served-models.js'));
  const { openEngineParty } = await import('../inference/run/engine-party.js');
  const { startServer } = await import('../inference/server/server.js');
  const { Tokens } = await import('../inference/server/tokens.js');
  const models = new ServedModels(await readModels(options));
  const limits = await openLimits(options.limits ?? {});
  const server = await startServer({
    model: (wanted) => models.choose(wanted),
    open: openEngineParty,
    host: options.host ?? DEFAULT_HOST,
    port: options.port ?? DEFAULT_PORT,
    timeoutMilliseconds: options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
    maxClients: options.maxClients ?? DEFAULT_MAX_CLIENTS,
    queueLength: options.queueLength ?? DEFAULT_QUEUE_LENGTH,
    ...(options.maxRuns === undefined ? {} : { maxRuns: options.maxRuns }),
    limits,
    log: (record) => onLog(record.message, record),
    tls: options.tls ?? null,
    insecurePlain: options.insecurePlain ?? false,
    tokens: options.tokens === undefined ? null : await Tokens.open(options.tokens),
    httpPort: options.httpPort ?? null,
  });
  const web = await openWeb(options, server).catch(async (error: Error) => {
    await server.close();
    throw error;
  });
  let ending: Promise<void> | null = null;
  const end = (graceMilliseconds: number): Promise<void> => {
    signal?.removeEventListener('abort', close);
    web?.stop();
    ending ??= server
      .drain(graceMilliseconds)
      .then(() => web?.close())
      .then(() => limits.close());
    return ending;
  };
  const close = (): Promise<void> => end(0);
  if (signal?.aborted) await close();
  signal?.throwIfAborted();
  signal?.addEventListener('abort', close, { once: true });
  const { host, port, httpPort } = server;
  const { modelDigest } = models.choose({ modelName: null, modelDigest: null }).terms;
  const reload = async (): Promise<void> => models.replace(await readModels(options));
  const webPort = web?.port ?? null;
  return {
    host,
    port,
    httpPort,
    webPort,
    modelDigest,
    reload,
    close,
    drain: end,
    [Symbol.asyncDispose]: close,
  };
}
