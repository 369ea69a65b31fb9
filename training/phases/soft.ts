/** Phase 2: weights and thresholds are learned together, under masks between 0 and 1. */
import { mean } from '../../data/metrics/mean.js';
import { splitmix32 } from '../../util/splitmix32.js';
import { methodNamed } from '../../methods/index.js';
import { CollapseWatch } from '../evaluate/collapse.js';
import { collectScores } from '../evaluate/evaluate.js';
import { type EncodedExample, shuffle } from '../loop/batches.js';
import { annealed } from '../loop/schedule.js';
import type { StepMasks, StepResult } from '../loop/step.js';
import { addReduced } from './fit-reduced.js';
import {
  adaptLambda,
  constrainThresholds,
  initialThresholds,
  runningShares,
  shareErrors,
  shiftThresholds,
  spreadOf,
  thresholdParameters,
} from '../network/thresholds.js';
import { thresholdSeed } from '../seeds.js';
import { MaskedPhase } from './masked.js';
import type { Control, StepTaken } from './phase.js';

export class SoftPhase extends MaskedPhase {
  readonly name = 'soft';
  readonly #collapse = new CollapseWatch(this.run.config.masks.keep);

  protected override readonly thresholdRate = this.run.config.phases.soft.thresholdLearningRate;

  override get lambda(): number {
    return this.run.control.lambda;
  }

  override async begin(): Promise<void> {
    const { config, folder, prepared, control } = this.run;
    Object.assign(control, { lambda: config.masks.lambda, kept: null, schedule: null } satisfies Control);
    await folder.writeModel(folder.dense, prepared.state);
    const sample = shuffle([...prepared.train], splitmix32(thresholdSeed(config.seed)));
    await this.#placeThresholds(sample.slice(0, config.masks.initial.examples));
    const { state } = prepared;
    if (state.reduces && methodNamed(state.method).lowFeedForward) await addReduced(state, sample);
  }

  /** First thresholds from the scores of some training sentences. */
  async #placeThresholds(sample: readonly EncodedExample[]): Promise<void> {
    const { config, prepared } = this.run;
    const { state } = prepared;
    const { initial } = config.masks;
    const scores = await collectScores(state, sample);
    state.spread = scores.map(spreadOf);
    const thresholds = thresholdParameters(initialThresholds(scores, initial), state.spread);
    for (const [name, parameter] of thresholds) state.parameters.set(name, parameter);
  }

  masks(progress: number): StepMasks {
    const { temperature, polarization, alpha, norm } = this.run.config.masks;
    const temperatures = this.temperatures(annealed(temperature.value, temperature.final, progress));
    const { lambda } = this.run.control;
    return { mode: 'soft', temperatures, polarization: polarization.soft, lambda, alpha, norm };
  }

  override async afterStep({ result, step, progress, passed, length }: StepTaken): Promise<string | null> {
    this.#adapt(result, progress, passed);
    const warning = this.#collapse.see(result.kept, length, this.lambda);
    return warning && `soft phase, step ${step}: ${warning}`;
  }

  /** Towards the shares that are to be kept; then 0 <= θ <= β. */
  #adapt({ kept }: StepResult, progress: number, passed: number): void {
    const { config, prepared, control } = this.run;
    const { parameters, spread } = prepared.state;
    const { keep, monotone } = config.masks;
    if (keep !== null) {
      const errors = shareErrors(kept, keep, progress);
      shiftThresholds(parameters, errors);
      if (typeof keep === 'number') control.lambda = adaptLambda(control.lambda, mean(errors), passed);
      control.kept = runningShares(control.kept, kept);
    }
    constrainThresholds(parameters, spread!, monotone);
  }
}
