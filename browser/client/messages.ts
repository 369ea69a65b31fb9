/** What the page and its worker say to each other. */
import type { AnswerKind } from '../../inference/core/answer.js';
import type { CotKind } from '../../inference/core/cot-kind.js';
import type { LineWish } from '../../inference/core/line-speed.js';
import type { LayerProgress } from '../../inference/client/client-runs.js';
import type { Classification } from '../../inference/run/classification.js';
import type { Openings } from '../../inference/run/openings.js';
import type { Wait } from '../../inference/net/notice.js';
import type { TextInput } from '../../inference/run/text-input.js';

/** What the worker connects with; see ConnectOptions for what each means. */
export interface ConnectionTerms {
  readonly url: string;
  readonly token: string | undefined;
  readonly model: string | undefined;
  readonly reconnects: number;
  readonly timeoutMilliseconds: number;
  readonly cots: CotKind | undefined;
  readonly line: LineWish | undefined;
  readonly answer: AnswerKind | undefined;
  readonly opens: Openings;
  readonly checks: boolean;
  readonly modelDigest: string | undefined;
  readonly cache: boolean;
  readonly knownServers: 'remember' | 'accept' | 'ignore';
}

/** What the worker connects to three nodes with; see NodesOptions. */
export interface NodesTerms {
  /** Of nodes 0, 1 and 2. */
  readonly nodes: readonly string[];
  readonly timeoutMilliseconds: number;
  readonly answer: AnswerKind | undefined;
  readonly opens: Openings;
  readonly modelDigest: string | undefined;
}

export type Terms = ConnectionTerms | NodesTerms;

/** The model that a server showed, as far as a client may know it. */
export interface ConnectedModel {
  /** SHA-256 of its public part, hexadecimal. */
  readonly digest: string;
  /** To its weights; null: the artifact is older than commitments. */
  readonly commitment: string | null;
  /** Is the server met for the first time, or with another model that was accepted? */
  readonly isNew: boolean;
  /** What it is for, by name; null: unknown. */
  readonly task: string | null;
  /** Does it read pairs of texts? Null: unknown. */
  readonly pair: boolean | null;
  readonly labels: readonly string[];
  readonly layers: number;
  /** Longest input, special tokens included. */
  readonly maxTokens: number;
  /** Beside the answer. */
  readonly opens: Openings;
  /** What the server tells of each text. */
  readonly answer: { readonly kind: AnswerKind; readonly bits: number };
  /** Of its public part: what the server sent; 0 if it was kept from before. */
  readonly receivedBytes: number;
}

export type Request<T extends Terms = Terms> =
  | { readonly kind: 'connect'; readonly id: number; readonly terms: T }
  | { readonly kind: 'classify'; readonly id: number; readonly input: TextInput }
  | { readonly kind: 'prepare'; readonly id: number; readonly texts: number }
  | { readonly kind: 'close'; readonly id: number };

export interface Failure {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
}

export type Result = ConnectedModel | Classification | null;

export type Reply =
  /** The kernels are loaded: requests from before would be lost. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly id: number; readonly result: Result }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'layer'; readonly id: number; readonly layer: LayerProgress }
  | { readonly kind: 'wait'; readonly wait: Wait }
  | { readonly kind: 'note'; readonly line: string };
