/** Notices a soft phase that prunes nearly everything, which the hard phase hardly mends. */
import { mean } from '../../data/metrics/mean.js';
import type { ShareTarget } from '../network/thresholds.js';

/** Tokens of a sentence, [CLS] among them, below which a layer counts as empty. */
const FEWEST_TOKENS = 2;
/** A target that is met this closely was asked for. */
const SHARE_OF_TARGET = 0.5;
const STEPS_BEFORE = 20;
const SMOOTHING = 0.1;

export class CollapseWatch {
  #steps = 0;
  #tokens = 0;
  #kept = 0;
  #warned = false;

  readonly #target: number | null;

  /** `target` is masks.keep. */
  constructor(target: ShareTarget | null) {
    this.#target = typeof target === 'object' && target !== null ? mean(target) : target;
  }

  /** After every step: kept share per layer, mean length of the batch. A sentence to show, once, or null. */
  see(kept: readonly number[], length: number, lambda: number): string | null {
    const layer = Math.min(1, kept.length - 1);
    const weight = this.#steps++ === 0 ? 1 : SMOOTHING;
    this.#tokens += weight * (kept[layer]! * length - this.#tokens);
    this.#kept += weight * (mean(kept) - this.#kept);
    const wanted = this.#target !== null && this.#kept >= SHARE_OF_TARGET * this.#target;
    if (this.#warned || this.#steps < STEPS_BEFORE || this.#tokens >= FEWEST_TOKENS || wanted) return null;
    this.#warned = true;
    const share = `${(100 * this.#kept).toFixed(0)}% of all token-layers`;
    const cure =
      this.#target === null
        ? 'Lower masks.lambda, or set a target with --keep 0.4 (masks.keep), which adapts it'
        : 'Lower phases.soft.thresholdLearningRate or raise --keep (masks.keep)';
    return `with λ = ${lambda.toFixed(2)} the soft masks prune nearly everything: ${this.#tokens.toFixed(1)} tokens, [CLS] among them, leave layer ${layer}, ${share}. ${cure}. The run goes on.`;
  }
}
