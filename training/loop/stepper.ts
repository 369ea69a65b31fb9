/** One step of the optimizer over one batch, or over several with accumulation. */
import type { RunConfig } from '../../config/schema.js';
import { weightTensors } from '../network/model-state.js';
import type { WeightTensors } from '../network/parameters.js';
import type { Phase, StepTaken } from '../phases/phase.js';
import { dropoutSeed, orderSeed } from '../seeds.js';
import { type EncodedExample, makeBatch } from './batches.js';
import { EpochOrder } from './epoch-order.js';
import type { Position } from './last-checkpoint.js';
import { type AdamW, type Gradients, meanGradients } from './optimizer.js';
import type { PreparedRun } from './prepare.js';
import { type StepOptions, trainingStep } from './step.js';

export interface Step extends StepTaken {
  /** Examples of the step. */
  readonly size: number;
  /** Of all weights' gradients, before the limit. */
  readonly gradientNorm: number;
  readonly position: Position;
}

const copyOf = ({ dense, words }: Gradients): Gradients => ({
  dense: new Map([...dense].map(([name, values]) => [name, values.slice()])),
  words: words && { ids: words.ids, rows: words.rows.slice() },
});

/** Steps of one phase, each from a position to the next. */
export class Stepper {
  readonly #config: RunConfig;
  readonly #prepared: PreparedRun;
  readonly #phase: Phase;
  readonly #optimizer: AdamW;
  readonly #order: EpochOrder;
  readonly #weights: WeightTensors;
  /** Of the model whose layers are followed. */
  readonly #followed: WeightTensors | null;

  constructor(config: RunConfig, prepared: PreparedRun, phase: Phase, optimizer: AdamW) {
    this.#config = config;
    this.#prepared = prepared;
    this.#phase = phase;
    this.#optimizer = optimizer;
    this.#order = new EpochOrder(phase.examples, config.batch, (epoch) =>
      orderSeed(config.seed, phase.name, epoch),
    );
    this.#weights = weightTensors(prepared.state);
    this.#followed = phase.followed && weightTensors(phase.followed.state);
  }

  take(from: Position): Step {
    const progress = from.seen / this.#phase.total;
    const step = from.step + 1;
    const groups: EncodedExample[][] = [];
    let position = from;
    while (groups.length < this.#config.batch.accumulation) {
      const next = this.#order.next(position);
      groups.push(next.group);
      position = next.position;
    }
    const { result, gradientNorm } = this.#learn(groups, progress, step);
    const size = position.seen - from.seen;
    const last = groups.at(-1)!;
    return {
      result,
      step,
      progress,
      passed: size / this.#phase.total,
      length: last.reduce((sum, { ids }) => sum + ids.length, 0) / last.length,
      size,
      gradientNorm,
      position: { ...position, step },
    };
  }

  /** The result is that of the last batch. */
  #learn(groups: EncodedExample[][], progress: number, step: number) {
    const run = <T>(part: number, use: (gradients: Gradients) => T) => {
      const options = this.#options(groups[part]!, progress, dropoutSeed(this.#config.seed, step, part));
      return trainingStep(this.#prepared.state, this.#weights, makeBatch(groups[part]!), options, use);
    };
    // Gradients of a single batch are used where they are; several are copied, since they must outlive their batch.
    if (groups.length === 1) {
      const { result, used } = run(0, (gradients) => this.#update(gradients, progress));
      return { result, gradientNorm: used };
    }
    const parts = groups.map((_, part) => run(part, copyOf));
    const gradientNorm = this.#update(meanGradients(parts.map(({ used }) => used)), progress);
    return { result: parts.at(-1)!.result, gradientNorm };
  }

  #update(gradients: Gradients, progress: number): number {
    const norm = this.#optimizer.apply(gradients, this.#phase.rates(progress));
    this.#weights.changed();
    return norm;
  }

  #options(group: EncodedExample[], progress: number, seed: number): StepOptions {
    const { model, distillation, activations, precision } = this.#config;
    const { limit, weight } = activations;
    const { dropout } = this.#phase.settings;
    const { teacher, teacherWeight, followed, layersWeight, learnsTask, exact } = this.#phase;
    return {
      masks: this.#phase.masks(progress),
      dropout: { hidden: dropout ?? model.dropout, attention: dropout ?? model.attentionDropout, seed },
      bound: limit === null ? null : { limit, weight },
      exact,
      distillation: teacher && {
        temperature: distillation.temperature,
        weight: teacherWeight,
        teacher: teacher.of(group),
      },
      layers: followed && {
        model: followed,
        weights: this.#followed!,
        weight: layersWeight,
        alone: !learnsTask,
      },
      freezeEmbeddings: model.freezeEmbeddings,
      labelSpread: this.#prepared.labelSpread,
      classWeights: this.#prepared.classWeights,
      precision,
    };
  }

  dispose(): void {
    this.#weights.dispose();
    this.#followed?.dispose();
  }
}
