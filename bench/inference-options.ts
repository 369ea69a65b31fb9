/** What `bench inference` is asked for. */
import type { CotKind } from '../inference/core/cot-kind.js';
import type { LineSpeed } from '../inference/core/line-speed.js';
import type { Suite } from '../inference/core/suite.js';
import type { Method } from '../methods/method.js';
import type { ModelName } from './model-sizes.js';
import type { NetworkName } from './networks.js';

export interface InferenceOptions {
  readonly model: ModelName;
  /** One that learns nothing keeps to its own rule of elimination. */
  readonly method: Method;
  readonly tokens: number;
  /** Tokens that each layer computes on, for a method that learns thresholds; null for others. */
  readonly schedule: readonly number[] | null;
  readonly network: NetworkName;
  readonly cots: CotKind;
  /** Of the OT extension (`--checks` of serve and infer); none unless given. */
  readonly checks?: boolean;
  readonly suite?: Suite;
  /** Both parties multiply shared matrices; true unless given. */
  readonly mutual?: boolean;
  /** By which ciphertexts are laid out; fast unless given. */
  readonly line?: LineSpeed;
  /** Share of the kept tokens that stay in high degree. */
  readonly importantRatio: number;
  /** Make material for all texts before the first. */
  readonly preprocess: boolean;
  /** The client has the weights, encrypted, before the first text; not unless given. */
  readonly residentWeights?: boolean;
  /** Texts in one protocol run. */
  readonly batch: number;
  /** In all; a multiple of `batch`. */
  readonly texts: number;
  /** Compare with the cleartext backend. */
  readonly check: boolean;
  readonly seed: number;
  /** Processors of each party; all unless given. */
  readonly cores?: number;
  /** When each party was busy with what during the first run. */
  readonly timeline?: boolean;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}
