/** The mean of several models of one task (model soups, Wortsman et al., ICML 2022): it costs as much as one of them. */
import { mean } from '../../data/metrics/mean.js';
import type { LayerThresholds } from '../../model/thresholds.js';
import type {
  Checkpoint,
  CheckpointDetails,
  FloatTensors,
  WholeCheckpoint,
} from '../../model/checkpoint/checkpoint.js';
import { taskName } from '../../model/task.js';
import { TrainingError } from '../errors.js';

/** A model and where it is from, for messages. */
export interface Ingredient {
  readonly from: string;
  readonly checkpoint: Checkpoint;
}

type Trained = Checkpoint & { readonly details: CheckpointDetails };

const kindOf = ({ config, details }: Trained): string => {
  const masks = `${details.prunes ? 'pruned' : 'dense'}${details.reduces ? ' and reduced' : ''}`;
  return `a ${masks} model for ${taskName(details.task)} with ${config.layers} layers of ${config.hiddenSize}`;
};

function trained({ from, checkpoint }: Ingredient): Trained {
  if (checkpoint.details === null)
    throw new TrainingError(`soup: ${from}: expected a trained model, got none`);
  return { ...checkpoint, details: checkpoint.details };
}

/** All of one kind, reading the same tokens, or an error that names the first that differs. */
function checkAlike(ingredients: readonly Ingredient[], models: readonly Trained[]): void {
  const identity = ({ config, tokenizerFiles }: Trained): string => JSON.stringify([config, tokenizerFiles]);
  const [first] = models;
  for (const [i, model] of models.entries()) {
    const [wanted, got] = [kindOf(first!), kindOf(model)];
    if (got !== wanted)
      throw new TrainingError(`soup: ${ingredients[i]!.from}: expected ${wanted}, got ${got}`);
    if (identity(model) !== identity(first!))
      throw new TrainingError(
        `soup: ${ingredients[i]!.from}: expected the architecture, labels and word pieces of ${ingredients[0]!.from}`,
      );
  }
}

function meanTensors(all: readonly FloatTensors[]): FloatTensors {
  const [first] = all;
  return new Map(
    [...first!].map(([name, { shape, values }]) => {
      const averaged = new Float32Array(values.length);
      for (const tensors of all)
        tensors.get(name)!.values.forEach((value, i) => {
          averaged[i] = averaged[i]! + value / all.length;
        });
      return [name, { shape, values: averaged }];
    }),
  );
}

function meanThresholds(all: readonly (readonly LayerThresholds[])[]): LayerThresholds[] {
  const meanOf = (layer: number, key: keyof LayerThresholds): number =>
    mean(all.map((thresholds) => thresholds[layer]![key]));
  return all[0]!.map((_, layer) => ({ prune: meanOf(layer, 'prune'), reduce: meanOf(layer, 'reduce') }));
}

/**
 * Mean weights and thresholds. Models that went on from one pretrained checkpoint lie close enough for that; others do not.
 * @throws TrainingError if there are fewer than two, or they differ in architecture, tokens, task or masks
 */
export function soup(ingredients: readonly Ingredient[]): WholeCheckpoint {
  if (ingredients.length < 2)
    throw new TrainingError(`soup: expected two models or more, got ${ingredients.length}`);
  const models = ingredients.map(trained);
  checkAlike(ingredients, models);
  const [first] = models;
  const thresholds = models.flatMap(({ details }) => (details.thresholds ? [details.thresholds] : []));
  return {
    ...first!,
    tensors: meanTensors(models.map(({ tensors }) => tensors)),
    details: { ...first!.details, thresholds: thresholds.length > 0 ? meanThresholds(thresholds) : null },
  };
}
