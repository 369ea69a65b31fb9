/** The client party. */
import type { NewServer } from '../inference/client/open-client.js';
import type { LastingClient } from '../inference/client/lasting-client.js';
import type { AnswerKind } from '../inference/core/answer.js';
import type { CotKind } from '../inference/core/cot-kind.js';
import type { LineWish } from '../inference/core/line-speed.js';
import type { MultiplyingParties } from '../inference/core/mutual.js';
import type { Suite } from '../inference/core/suite.js';
import type { Wait } from '../inference/net/notice.js';
import type { ClientTls } from '../inference/net/tls.js';
import type { Openings } from '../inference/run/openings.js';
import type { TokenizerLibrary } from '../model/tokenizer/tokenizer-library.js';
import { UsageError } from '../util/errors.js';
import { DEFAULT_HOST, DEFAULT_PORT, DEFAULT_TIMEOUT_MILLISECONDS } from './defaults.js';
import { onUse } from './on-use.js';

export interface ConnectOptions {
  /** Of the server; 127.0.0.1 by default. */
  readonly host?: string;
  /** 7643 by default. */
  readonly port?: number;
  /** In the place of host and port: `ws://` or `wss://`, a server's port for browsers (`serve --web`). */
  readonly url?: string | URL | undefined;
  /** TLS 1.3, checked against this authority or those that Node trusts; plain TCP without. */
  readonly tls?: ClientTls | undefined;
  /** What the server knows this client by: `cp_…`, as `tokens add` printed it. */
  readonly token?: string | undefined;
  /** The model of this name, where the server has several; its choice by default. */
  readonly model?: string | undefined;
  /**
   * Connections that may break, or be refused for now, before it is an error; 0 by default. A text that was not answered is sent again
   * anew, to the same model. Whoever waits longer and longer is told by `onNote`.
   */
  readonly reconnects?: number;
  /** Told where this client stands as long as the server has it wait: for a place, or for its turn. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** The server is given up when nothing moves for this long, in either direction; 60,000 by default. */
  readonly timeoutMilliseconds?: number;
  /** How oblivious transfers are made: `softspoken` (the default) in the least time, `ferret` in the fewest bytes. */
  readonly cots?: CotKind | undefined;
  /** Both parties show that they keep to the OT extension's protocol; if the server asks for it they do anyway. */
  readonly checks?: boolean | undefined;
  /** Only this symmetric cryptography: `aes`, or `chacha` for machines without AES instructions; either, as fits both, by default. */
  readonly suite?: Suite | undefined;
  /**
   * Who multiplies shared matrices: both parties at the same time, half each, or the `server` alone. By default both, where kernels here are
   * native, and processors not far fewer than the server's and not the same ones: `host` is another machine.
   */
  readonly multiply?: MultiplyingParties | undefined;
  /**
   * How fast the line to the server is: on a `slow` one ciphertexts are fewer and more work. By default what the server says, or a round trip
   * does: above 5 ms it is slow.
   */
  readonly line?: LineWish | undefined;
  /** What to be told: the label, probabilities or logits, at most what the server gives; all of that by default. */
  readonly answer?: AnswerKind | undefined;
  /**
   * The most that a model may open to both parties beside the answer. `nothing` by default: a model that opens how many tokens
   * each layer keeps is then refused, since whoever chooses its weights chooses what those numbers say of a text. `counts`
   * accepts them.
   */
  readonly opens?: Openings | undefined;
  /** Whose code splits texts: `own` (the default), or `xenova` where @xenova/transformers is installed. */
  readonly tokenizerLibrary?: TokenizerLibrary | undefined;
  /** Accept only the model with this digest: 64 hexadecimal digits, as the server's operator or `serve` gives them. */
  readonly modelDigest?: string | undefined;
  /** Accept only the model of this artifact; its public part is then not transferred. */
  readonly artifact?: string | undefined;
  /** Keep public parts that servers send, and read them from there. True by default. */
  readonly cache?: boolean;
  /**
   * Where no model is pinned: `remember` (the default) refuses a server that has another model than the last time, `accept`
   * takes the new one and remembers it, `ignore` remembers nothing.
   */
  readonly knownServers?: 'remember' | 'accept' | 'ignore';
  /** File that keeps what is left of material made ahead when the client closes, for the next connection. */
  readonly pool?: string | undefined;
  /**
   * Folder that keeps the model's weights, encrypted under a key of the server's, for this connection and later ones: a download of
   * some 16 bytes a weight, once; then linear layers take one message and fewer bytes. Costs memory of the same size.
   */
  readonly residentWeights?: string | undefined;
  /** Told when a server is met for the first time, or with another model that was accepted. */
  readonly onNewServer?: ((server: NewServer) => void) | undefined;
  /** Told what a user should know: material that cannot be made or kept. */
  readonly onNote?: ((line: string) => void) | undefined;
  /** Ends the attempt to connect; calls of the client have signals of their own. */
  readonly signal?: AbortSignal | undefined;
}

const WEB_PORTS: Readonly<Record<string, number>> = { 'ws:': 80, 'wss:': 443 };

/** A WebSocket in the place of a TCP connection. */
async function webAddress(url: URL, tls: ClientTls | null, timeoutMilliseconds: number) {
  const usual = WEB_PORTS[url.protocol];
  if (usual === undefined) throw new UsageError(`url: expected ws:// or wss://, got ${url}`);
  const { connectWebSocket } = await import('../inference/net/web-socket.js');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? usual : Number(url.port),
    openChannel: () => connectWebSocket(url.href, { tls, timeoutMilliseconds }),
  };
}

/**
 * Connects to a server, agrees on model and protocol, and sets up: keys and base OTs, less than a second.
 * @throws ProtocolError (or its RefusedError, UnreachableError, PeerClosedError, PeerTimeoutError), ModelChangedError, OpensMoreError, ResidentWeightsError, ArtifactError; the signal's reason
 */
export async function connect(options: ConnectOptions = {}): Promise<LastingClient> {
  const { cache = true, knownServers = 'remember', host, port, timeoutMilliseconds, ...rest } = options;
  const { model: modelName, reconnects = 0, url, residentWeights, ...others } = rest;
  const milliseconds = timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS;
  const web = url === undefined ? null : await webAddress(new URL(url), others.tls ?? null, milliseconds);
  const { connectClient } = await onUse(() => import('../inference/client/connect.js'));
  const { LastingClient } = await import('../inference/client/lasting-client.js');
  const { openEngineParty } = await import('../inference/run/engine-party.js');
  const { defaultCacheFolder } = await import('../model/public-cache-folder.js');
  const { defaultKnownServersFolder, KnownServers } = await import('../inference/client/known-servers.js');
  const { residentStore } = await import('../inference/client/resident-store.js');
  const known =
    knownServers === 'ignore'
      ? undefined
      : new KnownServers(defaultKnownServersFolder(), knownServers === 'accept');
  const onNote = others.onNote ?? (() => undefined);
  const server = url === undefined ? `${host ?? DEFAULT_HOST}:${port ?? DEFAULT_PORT}` : String(url);
  const resident =
    residentWeights === undefined
      ? undefined
      : residentStore(residentWeights, { server: `${server} ${modelName ?? ''}`.trim(), onNote });
  const reopen = (digest: string | null) =>
    connectClient({
      ...others,
      modelName,
      modelDigest: others.modelDigest ?? digest ?? undefined,
      // The signal ends the first attempt; later ones belong to calls.
      signal: digest === null ? others.signal : undefined,
      host: host ?? DEFAULT_HOST,
      port: port ?? DEFAULT_PORT,
      ...web,
      timeoutMilliseconds: milliseconds,
      open: openEngineParty,
      cacheFolder: cache ? defaultCacheFolder() : null,
      knownServers: known,
      resident,
    });
  return LastingClient.open(reopen, { reconnects, onNote }, options.signal);
}
