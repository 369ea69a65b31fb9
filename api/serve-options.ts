/** What a server is told, and what it offers to the program that runs it. */
import type { AnswerTerms } from '../inference/core/answer.js';
import type { CotKind } from '../inference/core/cot-kind.js';
import type { LineWish } from '../inference/core/line-speed.js';
import type { Suite } from '../inference/core/suite.js';
import type { ServerTls } from '../inference/net/tls.js';
import type { LogRecord } from '../inference/server/server-log.js';

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
  /** No client without the checks of the OT extension; those that ask for them get them anyway. */
  readonly checks?: boolean;
  /** Only this symmetric cryptography: `aes`, or `chacha` for machines without AES instructions; either, as fits both, by default. */
  readonly suite?: Suite | undefined;
  /** How fast lines to clients are taken to be: on a `slow` one a text takes fewer bytes and more work. Clients say it by default. */
  readonly line?: LineWish;
  /** What clients are told: the label, probabilities or logits, and to how many fraction bits; probabilities to 6 by default. */
  readonly answer?: AnswerTerms;
  /** Megabytes of material that a client may have made ahead, 384 by default; 0: none. */
  readonly aheadMegabytes?: number;
  /** Folder that keeps, for a week at most, what is left of clients' material. */
  readonly pools?: string | undefined;
  /** Megabytes that this folder may hold, 1,000 by default, a quarter of it for one identity; the oldest give way. */
  readonly poolsMegabytes?: number;
  /**
   * File with a key under which clients may keep the weights, encrypted (`connect({ residentWeights })`); made if there is none. Whoever
   * has it and a client's copy has the weights.
   */
  readonly residentWeights?: string | undefined;
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
  /**
   * Processes that serve, each with the models; 0 by default: this process does. A crash, or a client that takes too much, then ends the
   * clients of one process and not those of the others.
   */
  readonly workers?: number | undefined;
  /** Megabytes of memory that a worker may take before it is ended (Linux); no bound by default. */
  readonly workerMegabytes?: number | undefined;
  /** Seconds that a text, a batch or material may be at work before its connection is ended; no bound by default. */
  readonly longestRunSeconds?: number | undefined;
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
  /**
   * Reads the artifacts again, and takes a renewed certificate where one is given: clients that come from then on get what is there.
   * Throws, and changes nothing, if that is no model or no certificate.
   */
  reload(renewed?: ServerTls): Promise<void>;
  /** Of health, readiness and metrics; null without. */
  readonly httpPort: number | null;
  /** Of the page; null without. */
  readonly webPort: number | null;
  /** Stops accepting and ends the open connections. */
  close(): Promise<void>;
  /** Stops accepting, lets texts that are at work finish for so long at most, then ends. */
  drain(graceMilliseconds: number): Promise<void>;
}
