/**
 * In place of the three phases, for a model that prunes already: tokens of the lowest scores get low degree, with functions fitted to what
 * the model computed for them, and all weights are tuned to that under hard masks. Pruning stays as it was, so that what low degree saves
 * and what it costs are seen alone. Where soft masks learn both thresholds together, each layer's low functions follow weights that move.
 */
import { splitmix32 } from '../../util/splitmix32.js';
import { methodNamed } from '../../methods/index.js';
import type { Followed } from '../distil/layers.js';
import { Teacher } from '../distil/teacher.js';
import { collectScores } from '../evaluate/evaluate.js';
import { predict } from '../evaluate/predict.js';
import { type EncodedExample, shuffle } from '../loop/batches.js';
import { currentThresholds, type ModelState } from '../network/model-state.js';
import {
  holdLow,
  holdShares,
  QUICK_HOLDING_GAIN,
  quantile,
  spreadOf,
  thresholdParameters,
} from '../network/thresholds.js';
import { thresholdSeed } from '../seeds.js';
import { addReduced } from './fit-reduced.js';
import { HardPhase } from './hard.js';
import type { StepTaken } from './phase.js';

export class ReducePhase extends HardPhase {
  /** The model that prunes, as the run begins with it. */
  get #original(): ModelState {
    return this.run.prepared.original!;
  }

  /** Per layer that prunes. */
  get #low(): readonly number[] {
    const { low } = this.run.config.masks;
    return this.#original.spread!.map((_, layer) => (Array.isArray(low) ? low[layer] : low));
  }

  override async begin(): Promise<void> {
    const { config, control, prepared } = this.run;
    const { state } = prepared;
    const examples = shuffle([...this.examples], splitmix32(thresholdSeed(config.seed)));
    const sample = examples.slice(0, config.masks.initial.examples);
    await this.#place(sample);
    if (methodNamed(state.method).lowFeedForward) await addReduced(state, examples, 'low');
    control.schedule = null;
    control.kept = (await predict(this.#original, sample, { prune: true })).keptRatio;
  }

  /** Second thresholds at quantiles of the scores of tokens that stay; both in units of these scores' spread. */
  async #place(sample: readonly EncodedExample[]): Promise<void> {
    const { state } = this.run.prepared;
    const pruning = currentThresholds(this.#original)!;
    const collected = await collectScores(this.#original, sample, pruning);
    const scores = collected.map((all, layer) => all.filter((score) => score >= pruning[layer]!.prune));
    const thresholds = pruning.map(({ prune }, layer) => {
      const share = this.#low[layer]!;
      const sorted = [...scores[layer]!].sort((a, b) => a - b);
      // No score n·S is above the number of tokens.
      const reduce = share === 1 ? state.maxTokens : share === 0 ? prune : quantile(sorted, share);
      return { prune, reduce: Math.max(prune, reduce) };
    });
    state.spread = scores.map(spreadOf);
    for (const [name, parameter] of thresholdParameters(thresholds, state.spread))
      state.parameters.set(name, parameter);
  }

  /** What the model answers that prunes, where no others are named. */
  protected override async loadTeacher(): Promise<Teacher> {
    const { distillation, precision } = this.run.config;
    if (distillation.teachers.length > 0) return super.loadTeacher();
    const afterBatch = this.run.watch('answers of the model that prunes', this.examples.length);
    const options = { prune: true, precision };
    const { logits } = await predict(this.#original, this.examples, options, afterBatch);
    return Teacher.ofLogits(this.examples, logits, this.#original.config.labels.length);
  }

  protected override async loadFollowed(): Promise<Followed> {
    return { state: this.#original, exact: false };
  }

  override isSelectable(): boolean {
    return true;
  }

  protected override hold({ result }: StepTaken): void {
    const { prepared, control } = this.run;
    const { parameters, spread } = prepared.state;
    holdShares(parameters, spread!, result.kept, control.kept!, QUICK_HOLDING_GAIN);
    holdLow(parameters, spread!, result, this.#low, QUICK_HOLDING_GAIN);
  }
}
