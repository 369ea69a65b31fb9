/** Weights that stay at the client, encrypted under a key of the server's, as what runs connections sees them; a backend holds them. */

/** What is kept of one weight: blocks of equal size. */
export interface KeptWeight {
  readonly blocks: number;
  readonly blockBytes: number;
}

/** Which model's weights under which key, hexadecimal: nothing else may be taken for them. */
export interface KeptName {
  readonly model: string;
  readonly key: string;
}

/** Where a client keeps the weights of one model under one key. */
export interface KeptWeights {
  /** Reads into `out`; → how many whole blocks there are from the first on, undamaged. */
  read(index: number, out: Uint8Array): Promise<number>;
  /** Keeps blocks that follow those that are there. */
  append(index: number, first: number, blocks: Uint8Array): Promise<void>;
}

export interface ResidentStore {
  /** @throws ResidentWeightsError where memory or disk lacks */
  open(name: KeptName, weights: readonly KeptWeight[]): Promise<KeptWeights>;
}

/** A server's secret, and the digest of the model with its weights: equal ones give equal ciphertexts, other weights other keys. */
export interface ResidentKey {
  readonly secret: Uint8Array;
  readonly weights: string;
}

/** Of the server's secret. */
export const RESIDENT_KEY_BYTES = 32;

/** Told before a download, and after each piece of it. */
export interface Download {
  /** Of all that is kept. */
  readonly totalBytes: number;
  /** Still to come. */
  readonly missingBytes: number;
}

export interface Resident {
  /** How many of the model's weights can stay; equal at both parties. */
  readonly count: number;
  /**
   * The server, once it has agreed. `admit` is told what the client lacks, if anything, before that is sent, and throws to refuse it.
   * @throws ProtocolError for what a client cannot have; what `admit` throws
   */
  send(key: ResidentKey, admit: (bytes: number) => Promise<void>): Promise<void>;
  /**
   * The client, once the server has agreed: all weights, from the store as far as they are there.
   * @throws RefusedError where the server does not send that much; ResidentWeightsError where memory or disk lacks; ProtocolError for what is damaged on the way
   */
  receive(model: string, store: ResidentStore, onDownload: (download: Download) => void): Promise<void>;
}
