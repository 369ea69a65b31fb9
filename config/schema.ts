/**
 * The one typed schema of a run configuration (configs/*.yaml): everything that a training run depends on,
 * from the task to the export. Literal → checked parameters: parsed once, frozen afterwards.
 */
import * as z from 'zod';
import { data } from './schema/data.js';
import { activations, distillation } from './schema/losses.js';
import { masks } from './schema/masks.js';
import { model } from './schema/model.js';
import { count } from './schema/numbers.js';
import { phases } from './schema/phases.js';
import { batch, optimizer, PRECISIONS } from './schema/steps.js';
import { task } from './schema/task.js';

export type { Precision } from './schema/steps.js';
export type { TaskName } from './schema/task.js';

const exportOptions = z.strictObject({
  /** Significant bits of the linear layers' weights. 8 would do for labels; what files hold, 16, costs no more bytes, and other tokens leave in fewer texts. */
  weightBits: z.number().int().min(4).max(16).default(16),
  /** Of the word vectors: 8 bits are too few for pretrained ones, in which a few numbers are twenty times the others. */
  embeddingBits: z.number().int().min(4).max(16).default(16),
  ringBits: z.number().int().min(24).max(64).default(37),
  fractionBits: z.number().int().min(6).max(24).default(12),
  /** Training sentences over which activation ranges are measured. */
  calibrationExamples: count.default(512),
});

export const runConfigSchema = z.strictObject({
  /** Shown in logs and reports. */
  name: z.string().min(1),
  task,
  model,
  /**
   * The method by its name (methods/): the functions that the network is trained for, and the rule by which tokens leave. One that
   * learns no thresholds ends after the dense phase.
   */
  method: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/)
    .default('cipherprune'),
  data: data.prefault({}),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
  /**
   * `bf16`: the linear layers of the encoder multiply numbers rounded to bfloat16 and add in single precision, forward and
   * backward; everything else, evaluations too, stays single precision. Needs AVX512_BF16 and the native kernels; elsewhere
   * the run is a `float32` one and its run.json says so.
   */
  precision: z.enum(PRECISIONS).default('float32'),
  batch: batch.prefault({}),
  optimizer: optimizer.prefault({}),
  phases: phases.prefault({}),
  masks: masks.prefault({}),
  distillation: distillation.prefault({}),
  activations: activations.prefault({}),
  export: exportOptions.prefault({}),
  /** Where checkpoints and metrics.jsonl go; --out overrides. */
  output: z.string().min(1).default('runs/default'),
  checkpointEverySteps: count.default(500),
  /** Dev-set evaluations per epoch. */
  evaluationsPerEpoch: z.number().min(0).default(1),
  /**
   * Which model a phase ends with: `best` by the task's first metric on the dev set, of those that were evaluated, or the `last`. In the
   * hard phase those count whose shares have reached their target; soft masks are no model to choose.
   */
  select: z.enum(['best', 'last']).default('last'),
  /** A phase ends after so many evaluations that were no better than the best before; null for never. */
  patience: count.nullable().default(null),
  /** `balanced`: rows of a class weigh more in the loss of the task the fewer there are, on average 1. */
  classWeights: z.enum(['none', 'balanced']).default('none'),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** A checked run configuration with every default filled in; frozen. */
export type RunConfig = DeepReadonly<z.output<typeof runConfigSchema>>;
/** What a configuration file says: defaults may be left out. */
export type RunConfigInput = DeepReadonly<z.input<typeof runConfigSchema>>;
export type PhaseName = keyof RunConfig['phases'];
/** The others make a model that keeps all tokens. */
export const hasMasks = (phase: PhaseName): boolean => phase === 'soft' || phase === 'hard';

/** For messages. */
export const nameOfTask = (named: RunConfig['task']): string =>
  typeof named === 'string' ? named : named.name;
