/** Which tokens leave and which get low degree: how soft and hard masks learn it. */
import * as z from 'zod';
import { DEFAULT_SCHEDULE_QUANTILE } from '../schedule-quantile.js';
import { count, fraction, positive } from './numbers.js';

export const masks = z
  .strictObject({
    /** Dense model, pruning only, or pruning and polynomial reduction. */
    mode: z.enum(['none', 'prune', 'prune-reduce']).default('prune-reduce'),
    /**
     * T of the soft masks. `spread`: `value` × the standard deviation of the layer's scores n·S, so that every
     * layer's thresholds move; `absolute`: `value` itself. Annealed linearly to `final` over the soft phase.
     */
    temperature: z
      .strictObject({
        rule: z.enum(['spread', 'absolute']).default('spread'),
        value: positive.default(0.5),
        final: positive.nullable().default(null),
      })
      .prefault({}),
    /**
     * First values of θ and β. `quantile`: at quantiles of the layer's own scores, so that the given shares of the
     * tokens are kept (important), falling linearly from the first layer to the last that prunes; `linear`: the
     * thresholds themselves on a line (Learned Token Pruning, KDD 2022), in units of n·S.
     */
    initial: z
      .strictObject({
        rule: z.enum(['quantile', 'linear']).default('quantile'),
        keepFirst: fraction.default(0.95),
        keepLast: fraction.default(0.3),
        importantFirst: fraction.default(0.5),
        importantLast: fraction.default(0.1),
        pruneFinal: z.number().min(0).default(1),
        reduceFinal: z.number().min(0).default(1.5),
        /** Sentences whose scores give the quantiles and the spread. */
        examples: count.default(512),
      })
      .prefault({}),
    /** Thresholds may not fall with depth. */
    monotone: z.boolean().default(false),
    /** Weight of the mask losses. */
    lambda: z.number().min(0).default(0.4),
    /**
     * What private runs of the model will open. `counts`: hard masks compare scores with the thresholds. `schedule`: once thresholds
     * stand still in the hard phase, public numbers of tokens are measured (`scheduleQuantile` of what the thresholds keep), and
     * from then on masks keep the best by rank: training and its evaluations see what runs of `export --opens schedule` do.
     */
    opens: z.enum(['counts', 'schedule']).default('counts'),
    scheduleQuantile: fraction.default(DEFAULT_SCHEDULE_QUANTILE),
    /** Weight of the reduction masks within them. */
    alpha: z.number().min(0).default(0.5),
    /**
     * Weights of a loss of undecided soft masks, m (1 - m), in phases 2 and 3: it moves scores away from the thresholds, so that which
     * tokens leave depends less on chance.
     */
    polarization: z
      .strictObject({ soft: z.number().min(0).default(0), hard: z.number().min(0).default(0) })
      .prefault({}),
    /** `mean`: mask norms divided by the sentence's length, so that lambda means the same at any length; `sum`: the paper's. */
    norm: z.enum(['mean', 'sum']).default('mean'),
    /**
     * Target share of real token-layers kept (tokens that leave each layer, the last one's [CLS] among them): lambda and
     * thresholds are adapted. A list is a target for every layer that prunes, held by its threshold alone: lambda stays as given, and
     * teaches weights to tell tokens apart. null: lambda as given, thresholds learned alone.
     */
    keep: z
      .union([fraction, z.array(fraction).min(1)], {
        error: 'expected a share from 0 to 1, or a list of one for every layer that prunes',
      })
      .nullable()
      .default(null),
    /**
     * Share of the tokens that leave a layer's pruning, [CLS] aside, that get low degree; a list has one for every layer that prunes. The
     * run then begins with a model that prunes already (`model.checkpoint`, the result of a run with `mode: prune`) and has phase 3
     * alone: as many tokens stay in every layer as before, and what is followed is what that model answers. null: both thresholds are
     * learned together.
     */
    low: z
      .union([fraction, z.array(fraction).min(1)], {
        error: 'expected a share from 0 to 1, or a list of one for every layer that prunes',
      })
      .nullable()
      .default(null),
  })
  .refine(({ low, mode }) => low === null || mode === 'prune-reduce', {
    path: ['low'],
    message: 'expected mode prune-reduce',
  })
  .refine((m) => m.initial.keepLast <= m.initial.keepFirst, {
    message: 'initial.keepLast must not exceed initial.keepFirst',
  })
  .refine(({ keep }) => !Array.isArray(keep) || keep.every((share, i) => i === 0 || share <= keep[i - 1]!), {
    path: ['keep'],
    message: 'expected shares that do not rise with depth: a token that left does not come back',
  });
