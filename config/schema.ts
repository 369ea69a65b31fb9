/**
 * The one typed schema of a run configuration (configs/*.yaml): everything that a training run depends on,
 * from the task to the export. Literal → checked parameters: parsed once, frozen afterwards.
 */
import * as z from 'zod';
import { METRIC_NAMES } from '../model/task.js';
import { DEFAULT_SCHEDULE_QUANTILE } from './schedule-quantile.js';

/** Names of GLUE's tasks as the command line spells them: shorthands for descriptions. */
const taskNames = ['sst2', 'mrpc', 'rte', 'qnli', 'mnli', 'mnli-mm', 'cola', 'qqp', 'stsb', 'wnli'] as const;
export type TaskName = (typeof taskNames)[number];

/**
 * Of files of one's own. `csv`: a header, quoted fields; `tsv`: the same with tabs; `jsonl`: objects, one a line or all in an array;
 * `parquet`; `txt`: a text a line, or two with a tab between them.
 */
export const FILE_FORMATS = ['csv', 'tsv', 'jsonl', 'parquet', 'txt'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** How the products of the encoder's weight matrices are computed while training; `bf16` rounds their inputs. */
const precisions = ['float32', 'bf16'] as const;
export type Precision = (typeof precisions)[number];

/** A task of one's own. */
const ownTask = z.strictObject({
  name: z.string().min(1).max(100),
  /** One class of several, or one number. */
  problem: z.enum(['classes', 'regression']).default('classes'),
  /** Columns of the files; absent: guessed where only one fits. */
  columns: z
    .strictObject({
      text: z.string().min(1),
      textPair: z.string().min(1).nullable().default(null),
      label: z.string().min(1),
    })
    .optional(),
  /** Names of the classes; absent: those of the training file, in order of first appearance. */
  labels: z.array(z.string().min(1).max(200)).min(1).optional(),
  /** The first is the one that models are compared by. */
  metrics: z.array(z.enum(METRIC_NAMES)).min(1).optional(),
  /** Of a regression: the least and the greatest number; absent: those of the training file. */
  range: z.tuple([z.number(), z.number()]).nullable().default(null),
});

const fraction = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.number().int().positive();

/** A new encoder with random weights. The vocabulary comes from the tokenizer, the labels from the task. */
const architecture = z
  .strictObject({
    layers: count,
    heads: count,
    hiddenSize: count,
    intermediateSize: count,
    maxPositions: count.default(512),
    tokenTypes: count.default(2),
    layerNormEpsilon: positive.default(1e-12),
    /** Standard deviation of the initial weights. */
    initializerRange: positive.default(0.02),
  })
  .refine((a) => a.hiddenSize % a.heads === 0, { message: 'hiddenSize must be a multiple of heads' });

const model = z
  .strictObject({
    architecture: architecture.optional(),
    /** Hugging Face checkpoint: a directory, or a name on the hub. */
    checkpoint: z.string().min(1).optional(),
    /** Which of the library of word-piece tokenizers: read with the checkpoint, or learned from the training text. */
    tokenizer: z
      .strictObject({
        source: z.enum(['checkpoint', 'learned', 'file']).default('checkpoint'),
        /** For `file`: a vocab.txt or a directory with tokenizer.json. */
        path: z.string().min(1).optional(),
        /** For `learned`. */
        vocabularySize: count.default(6000),
      })
      .prefault({}),
    /** Longest input in tokens, special tokens included; longer texts are truncated. */
    maxTokens: count.default(128),
    dropout: fraction.default(0.1),
    attentionDropout: fraction.default(0.1),
    freezeEmbeddings: z.boolean().default(false),
  })
  .refine((m) => (m.architecture === undefined) !== (m.checkpoint === undefined), {
    message: 'expected exactly one of architecture (random weights) and checkpoint (pretrained weights)',
  });

const data = z.strictObject({
  /** `glue`: TSV files below `directory`; `hub`: parquet by name, cached; `files`: one's own; `texts`: the same without labels; `synthetic`: the project's generator. */
  source: z.enum(['glue', 'hub', 'files', 'texts', 'synthetic']).default('glue'),
  directory: z.string().default('data/glue'),
  /** For `hub`: the data set's name there. */
  repository: z.string().default('nyu-mll/glue'),
  /** For `files`: training rows, and those to measure on; without the latter a share of every class is held out. */
  train: z.string().min(1).nullable().default(null),
  dev: z.string().min(1).nullable().default(null),
  devShare: z.number().gt(0).lt(1).default(0.1),
  /** For `texts`: columns of the first and the second text; null: guessed where only one fits. */
  text: z.string().min(1).nullable().default(null),
  textPair: z.string().min(1).nullable().default(null),
  /** Which rows are held out; of its own, so that runs with different seeds measure on the same ones. */
  splitSeed: z.number().int().min(0).max(0xffffffff).default(1),
  /** Null: by the files' endings. */
  format: z.enum(FILE_FORMATS).nullable().default(null),
  /** Share of a file's rows that may be malformed: no text, an unknown label, another number of columns. */
  maxBadRows: fraction.default(0.01),
  /** Use only the first so many examples; null for all. */
  trainLimit: count.nullable().default(null),
  devLimit: count.nullable().default(null),
  /** Split the dev file 4/5 for training, 1/5 for testing, by first texts (QNLI where its train file is missing). */
  splitDev: z.boolean().default(false),
  /** Which fifth is for testing then: five runs, one a fold, test on the whole file. */
  fold: z.number().int().min(1).max(5).default(5),
  /** Examples of the synthetic source. */
  syntheticTrain: count.default(4000),
  syntheticDev: count.default(400),
  /** Of its own, so that runs with different seeds see the same sentences. */
  syntheticSeed: z.number().int().min(0).max(0xffffffff).default(1),
});

const batch = z.strictObject({
  /** Real and padding tokens in one batch; sentences of like length share one. */
  tokens: count.default(2048),
  /** At most so many sentences in one batch. */
  examples: count.default(64),
  /** Batches whose gradients are summed before one step. */
  accumulation: count.default(1),
  /**
   * Data-parallel workers: threads of the kernels, among which the rows of every batch are shared; null: one a processor.
   * The result is the same bits for any number.
   */
  workers: count.nullable().default(null),
});

const optimizer = z.strictObject({
  name: z.enum(['adamw']).default('adamw'),
  beta1: fraction.default(0.9),
  beta2: fraction.default(0.999),
  epsilon: positive.default(1e-6),
  weightDecay: z.number().min(0).default(0.01),
  /** Global gradient norm above which gradients are scaled down; null for never. */
  clipNorm: positive.nullable().default(1),
});

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

const phases = z.strictObject({
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

const masks = z
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

const distillation = z.strictObject({
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

const activations = z.strictObject({
  /**
   * Inputs of the feed-forward activations are taught to stay below this in magnitude, in all phases; null: they go where they like. Rare
   * large ones widen the ring of all, and a quadratic of low degree (`cipherprune-quad`, `mpcformer`) grows with their square.
   */
  limit: positive.nullable().default(null),
  /** Of the loss: the mean over tokens of Σ (|x| - limit)² beyond the limit, mean over layers. */
  weight: positive.default(0.01),
});

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

const task = z.union([z.enum(taskNames), ownTask], {
  error: `expected one of ${taskNames.join(', ')}, or a description with a name`,
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
  precision: z.enum(precisions).default('float32'),
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
