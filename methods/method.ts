/**
 * A method: what a private transformer does where it differs from others. The numbers of its functions are read by training
 * and by the engine; the functions run over the seam; the rule of elimination says which tokens leave and what is opened.
 *
 * Add a method by a folder of its own beside `cipherprune/` and one line in `index.ts`.
 */
import type { Backend, LeakName } from '../inference/backends/backend.js';
import type { RingFormat } from '../inference/core/ring-tensor.js';
import type { PrivateTensor, SharedBits, SharedTensor } from '../inference/core/tensors.js';
import type { ActivationPlan } from '../inference/functions/activation-plan.js';
import type { LayerNormParameters, LayerNormPlan } from '../inference/functions/layer-norm.js';
import type { SoftmaxPlan } from '../inference/functions/softmax-plan.js';
import type { HeadActivation } from '../model/config.js';
import type { CurveSet } from './curves.js';

/** What a rule of elimination sees of a layer, after attention. */
export interface Elimination {
  /** [tokens]: the attention that each token receives, or what `scoredSoftmax` says, over heads and rows; [CLS] is row 0. */
  readonly scores: SharedTensor;
  /** No token receives more attention. */
  readonly largest: number;
  /** The server's -prune and -reduce [2] (cipherprune/thresholds.ts); null of a method that learns none. */
  readonly thresholds: PrivateTensor | null;
  /** → [tokens, ...], whose rows leave together; what they take does not wait for the scores. */
  readonly tensors: (mpc: Backend) => Promise<readonly SharedTensor[]>;
}

export interface Pruned {
  /** The given tensors, kept rows only: [CLS], important ones, the others. */
  readonly rows: readonly SharedTensor[];
  readonly kept: number;
  readonly important: number;
  /** Padding may be among the kept rows. Then tokens are still in order, real ones first. */
  readonly padded: boolean;
}

/** Which learned thresholds a method has: none, one of pruning, or one of reduction too. */
export type Learned = 'nothing' | 'prune' | 'prune-reduce';

export interface Method {
  readonly name: string;
  /** The paper. */
  readonly source: string;
  /** Every number that changes a result, as plain JSON: both parties and the artifact agree on its digest. */
  readonly numbers: object;
  /** Digests of numbers of older versions whose models run by these: every function is as close to what they were trained with as stated there. */
  readonly earlierNumbers?: readonly string[];
  /** The functions in float, as training runs them. */
  readonly curves: CurveSet;
  readonly learns: Learned;
  /** Name of the method of the same functions by which all tokens stay: what a model is of before it has learned thresholds. */
  readonly unpruned: string;
  /** Likewise by which tokens leave but none gets low degree; absent where none does anyway. */
  readonly unreduced?: string;
  /**
   * What rows of low degree have in place of the feed-forward layers: one linear layer, which training fits to what these compute and
   * learns with the rest (model/config.ts: linearReduction), by itself or with half as many squares beside it as a row has features
   * (reducedSquares). Absent: GELU of low degree.
   */
  readonly lowFeedForward?: 'linear' | 'squares';
  /**
   * How a network comes to its functions, where these are so far from exact ones that fine-tuning does not get there: by phases of their
   * own after exact ones (training: `phases.layers`, `phases.answers`). Absent: it is fine-tuned with them.
   */
  readonly taught?: 'layer by layer';
  /** What it may open beside the answer. */
  readonly opens: readonly LeakName[];

  /**
   * Of exp's argument: 0 at or below `zeroBelow`, by which padding is taken out; null where nothing of that kind is. With `visible`
   * softmax gets the columns that count, where not all do. Logits have the ring of differences up to at least `leastSpread`.
   */
  readonly logits: {
    readonly zeroBelow: number | null;
    readonly visible: boolean;
    readonly leastSpread: number;
  };
  /**
   * x [rows, n], n at least 2, the first `high` rows in high degree where there is a choice → probabilities [rows, n], which add up to 1. `visible` [rows, n]: the
   * columns that count; null where all do, or the method does not ask.
   */
  softmax(
    mpc: Backend,
    x: SharedTensor,
    high: number,
    plan: SoftmaxPlan,
    visible?: SharedBits | null,
  ): Promise<SharedTensor>;
  /**
   * The same in layers where tokens leave, with what each column gets of each row [rows, n] in the measure by which the method scores
   * tokens; absent: the probabilities themselves.
   */
  scoredSoftmax?(
    mpc: Backend,
    x: SharedTensor,
    high: number,
    plan: SoftmaxPlan,
    visible?: SharedBits | null,
  ): Promise<{ readonly probabilities: SharedTensor; readonly received: SharedTensor }>;
  /** x [rows, features], likewise → [rows, features] in `plan.out` */
  gelu(mpc: Backend, x: SharedTensor, high: number, plan: ActivationPlan): Promise<SharedTensor>;
  /** What `gelu` cuts x to before anything else, if it does: the product that x comes from need not be more. */
  geluInput?(plan: ActivationPlan): RingFormat;
  /** Of the classifier: x [1, features] → [1, features] in `plan.out`, every rounding exact (docs/threat-model.md) */
  head(mpc: Backend, name: HeadActivation, x: SharedTensor, plan: ActivationPlan): Promise<SharedTensor>;
  /** x [rows, features] → [rows, features] in `plan.out` */
  layerNorm(
    mpc: Backend,
    x: SharedTensor,
    parameters: LayerNormParameters,
    plan: LayerNormPlan,
  ): Promise<SharedTensor>;

  /** Do tokens leave in this layer of so many? Never in the last, which needs [CLS] only. */
  eliminatesIn(layer: number, layers: number): boolean;
  /**
   * The rule in float where nothing is learned, for training: which of a text's real tokens stay, by their scores ([CLS] first) and
   * the padded length. Absent: all tokens do, or thresholds say it.
   */
  stays?(scores: readonly number[], padded: number): readonly boolean[];
  /** Called in those layers, with tensors of at least two rows. */
  eliminate(mpc: Backend, rows: Elimination): Promise<Pruned>;
}
