/** The phases of a training, in their order. */
import * as z from 'zod';
import { count, fraction, positive } from './numbers.js';

const phaseFields = {
  /** May be fractional; 0 skips the phase. */
  epochs: z.number().min(0),
  learningRate: positive,
  /** Share of the phase's steps in which the learning rate rises from 0. */
  warmup: fraction.default(0.1),
  decay: z.enum(['linear', 'cosine', 'constant']).default('linear'),
  /** Stop after so many steps; null for never. */
  maxSteps: count.nullable().default(null),
  /** In place of the model's dropout, attention's too; null for the model's. */
  dropout: fraction.nullable().default(null),
};

export const phases = z.strictObject({
  /** (1) Ordinary fine-tuning of the task. */
  dense: z
    .strictObject({
      ...phaseFields,
      epochs: phaseFields.epochs.default(2),
      learningRate: positive.default(5e-5),
    })
    .prefault({}),
  /**
   * After (1), for functions far from those that a network was taught with: phase 1 has exact ones, and the network is brought to the
   * method's layer by layer, by the distance of its embedding, hidden states and attention outputs to those that it had
   * (MPCFormer, ICLR 2023). Epochs null: three times those of phase 1 for a method that is taught so (`mpcformer`), none for others.
   */
  layers: z
    .strictObject({
      ...phaseFields,
      epochs: phaseFields.epochs.nullable().default(null),
      learningRate: positive.default(1e-4),
      dropout: phaseFields.dropout.default(0),
    })
    .prefault({}),
  /** Then by its answers alone. Epochs null: those of phase 1 where `layers` has any by itself, none for others. */
  answers: z
    .strictObject({
      ...phaseFields,
      epochs: phaseFields.epochs.nullable().default(null),
      learningRate: positive.default(2e-5),
      dropout: phaseFields.dropout.default(0),
    })
    .prefault({}),
  /** (2) Soft masks: weights and thresholds together. */
  soft: z
    .strictObject({
      ...phaseFields,
      epochs: phaseFields.epochs.default(1),
      learningRate: positive.default(3e-5),
      thresholdLearningRate: positive.default(0.02),
    })
    .prefault({}),
  /** (3) Hard masks by the learned thresholds, which are frozen. */
  hard: z
    .strictObject({
      ...phaseFields,
      epochs: phaseFields.epochs.default(1),
      learningRate: positive.default(3e-5),
    })
    .prefault({}),
});
