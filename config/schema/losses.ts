/** What is followed beside the labels: a teacher, and limits of the activations. */
import * as z from 'zod';
import { fraction, positive } from './numbers.js';

export const distillation = z.strictObject({
  /** Share of the loss that follows the dense model of phase 1; 0 for none. */
  weight: fraction.default(0.5),
  temperature: positive.default(2),
  /**
   * Checkpoints whose mean logits are followed: dense models of the same task and classes, for example of several seeds; without
   * any, the run's own dense model.
   */
  teachers: z.array(z.string().min(1)).default([]),
  /**
   * The teacher is the fine-tuned model that the run begins with, with exact functions and all tokens. Phase 1 follows it too, and what it
   * answers stands in place of labels: accuracy is agreement with it.
   */
  fromStart: z.boolean().default(false),
  /**
   * Weight of the distance of every layer to that of the dense model of phase 1 in phases 2 and 3, over the tokens that are left: the
   * loss of `phases.layers` beside the others; with `masks.low` to that of the model that prunes. 0 for none.
   */
  layers: z.number().min(0).default(0),
  /**
   * So many further texts, labelled by the teacher alone, which phases 2 and 3 see with the training examples; 0 for none. Tasks of
   * two texts: pairs for every first text, with the second texts of other training pairs that share most words with it (BM25). Tasks
   * of one: every text followed by others, drawn at random.
   */
  recombined: z.number().int().min(0).default(0),
  /** The same for texts with a run of their words left out, so many for every training example. */
  cutoff: z.number().int().min(0).default(0),
  /** The same for pairs with an excerpt of the second text as the first, so many for every training pair. */
  excerpts: z.number().int().min(0).default(0),
});

export const activations = z.strictObject({
  /**
   * Inputs of the feed-forward activations are taught to stay below this in magnitude, in all phases; null: they go where they like. Rare
   * large ones widen the ring of all, and a quadratic of low degree (`cipherprune-quad`, `mpcformer`) grows with their square.
   */
  limit: positive.nullable().default(null),
  /** Of the loss: the mean over tokens of Σ (|x| - limit)² beyond the limit, mean over layers. */
  weight: positive.default(0.01),
});
