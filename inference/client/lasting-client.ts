/**
 * A client that outlives its connection: what was asked for when it broke is asked again over a new one, so often at most without an
 * answer between. That is safe: a text is shared anew, with fresh randomness, and what an answer says is the same. To the server it
 * is a text more, and the server may see that it comes again (docs/threat-model.md).
 */
import { PeerClosedError, PeerTimeoutError, UnreachableError } from '../core/errors.js';
import { RefusedError } from '../net/refusal.js';
import type { Classification } from '../run/classification.js';
import type { TextInput } from '../run/text-input.js';
import type { CallOptions, Client } from './client.js';
import type { Expected } from './warm.js';

export interface LastingOptions {
  /** Connections that may break, or be refused for now, in a row; 0: the first one ends everything. */
  readonly reconnects: number;
  /** Told before each new attempt. */
  readonly onNote: (line: string) => void;
  /** Milliseconds before the first new attempt, doubled for each further one; 500 unless given. */
  readonly firstDelayMilliseconds?: number;
}

/** Opens a connection; `digest` is of the model that this client had before, and must have again. */
export type Reopen = (digest: string | null) => Promise<Client>;

const FIRST_DELAY = 500;
const MOST_DELAY = 10_000;
/** Who is to come again later than that is told so instead. */
const MOST_RETRY_SECONDS = 60;

/** May the same work a moment later? Before a first connection only if the server says so: an address may simply be wrong. */
function isPassing(error: unknown, hadConnection: boolean): boolean {
  if (error instanceof RefusedError)
    return error.retryAfterSeconds > 0 && error.retryAfterSeconds <= MOST_RETRY_SECONDS;
  const isBroken =
    error instanceof PeerClosedError ||
    error instanceof PeerTimeoutError ||
    error instanceof UnreachableError;
  return isBroken && hadConnection;
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', end, { once: true });
  });
}

export class LastingClient implements AsyncDisposable {
  readonly #reopen: Reopen;
  readonly #options: LastingOptions;
  /** The latest one that was open: its model is that of all. */
  #latest: Client | null = null;
  #current: Promise<Client> | null = null;
  #failures = 0;

  private constructor(reopen: Reopen, options: LastingOptions) {
    this.#reopen = reopen;
    this.#options = options;
  }

  /** @throws whatever `reopen` throws that no waiting mends */
  static async open(
    reopen: Reopen,
    options: LastingOptions,
    signal?: AbortSignal | undefined,
  ): Promise<LastingClient> {
    const lasting = new LastingClient(reopen, options);
    await lasting.#lasting(signal, async () => undefined);
    return lasting;
  }

  get #known(): Client {
    if (this.#latest) return this.#latest;
    throw new Error('client: expected a connection, none was open yet');
  }

  get model() {
    return this.#known.model;
  }

  get tokenizer() {
    return this.#known.tokenizer;
  }

  /** Of the model's public part. */
  get digest(): string {
    return this.#known.digest;
  }

  /** Of the public part to the server's weights; null in artifacts of older versions. */
  get commitment(): string | null {
    return this.#known.commitment;
  }

  /** What the server gives. */
  get answer() {
    return this.#known.answer;
  }

  /** What the server calls the latest connection, in its log. */
  get connection(): string {
    return this.#known.connection;
  }

  /** One text or pair. Throws ProtocolError for what the server does. */
  classify(input: TextInput, options: CallOptions = {}): Promise<Classification> {
    return this.#lasting(options.signal, (client) => client.classify(input, options));
  }

  /** Several texts in as few protocol runs as their lengths allow, rounds shared; results in order. */
  classifyBatch(inputs: readonly TextInput[], options: CallOptions = {}): Promise<Classification[]> {
    return this.#lasting(options.signal, (client) => client.classifyBatch(inputs, options));
  }

  /** Makes material for so many texts to come, as far as the server keeps it; a broken connection loses it. */
  prepare(texts: number, options: Expected & CallOptions = {}): Promise<void> {
    return this.#lasting(options.signal, (client) => client.prepare(texts, options));
  }

  /** Padded length of a text. */
  bucketOf(input: TextInput): number {
    return this.#known.bucketOf(input);
  }

  /** Waits for calls that were made, says goodbye and closes. */
  async close(): Promise<void> {
    const client = await this.#current?.catch(() => null);
    await client?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #lasting<T>(signal: AbortSignal | undefined, body: (client: Client) => Promise<T>): Promise<T> {
    for (;;) {
      let current: Promise<Client> | null = null;
      try {
        current = this.#connection();
        const result = await body(await current);
        this.#failures = 0;
        return result;
      } catch (error) {
        const isWorth = isPassing(error, this.#latest !== null) && !signal?.aborted;
        if (!isWorth || this.#failures >= this.#options.reconnects) throw error;
        await this.#drop(current);
        await this.#pause(error as Error, signal);
      }
    }
  }

  /** The open one, or a new one for all who wait for it. */
  #connection(): Promise<Client> {
    if (this.#current) return this.#current;
    const opening = this.#reopen(this.#latest?.digest ?? null).then((client) => {
      this.#latest = client;
      return client;
    });
    this.#current = opening;
    opening.catch(() => {
      if (this.#current === opening) this.#current = null;
    });
    return opening;
  }

  /** Several calls may find the same connection broken. */
  async #drop(broken: Promise<Client> | null): Promise<void> {
    if (broken === null || this.#current !== broken) return;
    this.#current = null;
    const client = await broken.catch(() => null);
    await client?.close().catch(() => undefined);
  }

  #pause(error: Error, signal: AbortSignal | undefined): Promise<void> {
    const { reconnects, onNote, firstDelayMilliseconds = FIRST_DELAY } = this.#options;
    const doubled = Math.min(MOST_DELAY, firstDelayMilliseconds * 2 ** this.#failures);
    this.#failures++;
    const asked = error instanceof RefusedError ? 1000 * error.retryAfterSeconds : 0;
    // Many clients of one server must not come back at the same moment.
    const delay = Math.max(doubled, asked) * (1 + Math.random() / 2);
    onNote(
      `${error.message}; connecting again in ${(delay / 1000).toFixed(1)} s (${this.#failures} of ${reconnects})`,
    );
    return wait(delay, signal);
  }
}
