/** Fields of `config.json` that families share, and how they are read and written. */
import * as z from 'zod';
import { CipherPruneError } from '../../util/errors.js';
import type { Activation, ModelConfig, Problem } from '../config.js';

/** A `config.json` that stands for a model we cannot run; the message names the field, expected and got. */
export class ConfigurationError extends CipherPruneError {
  override name = 'ConfigurationError';
  readonly code = 'ERR_CONFIGURATION';
}

export const count = z.number().int().positive();
export const epsilon = z.number().positive().default(1e-12);

/** The reference library's names; three of them are one function, up to rounding. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  relu: 'relu',
};

const STORED_ACTIVATIONS: Readonly<Record<Activation, string>> = {
  gelu: 'gelu',
  'gelu-tanh': 'gelu_new',
  relu: 'relu',
};

export const activationName = (activation: Activation): string => STORED_ACTIVATIONS[activation];

/** One of the activations by its name in the library. */
export const activation = (otherwise: string) =>
  z
    .string()
    .default(otherwise)
    .transform((name, context): Activation => {
      const known = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
      if (known !== undefined) return known;
      const message = `expected an activation of ${Object.keys(ACTIVATIONS).join(', ')}, got "${name}"`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    });

const PROBLEM_TYPES = {
  single_label_classification: 'classes',
  regression: 'regression',
  multi_label_classification: 'multi-label',
} as const satisfies Record<string, Problem>;

/** What every sequence classifier has, and settings that would make it another function than ours. */
const common = z.looseObject({
  vocab_size: count,
  id2label: z.record(z.string().regex(/^\d+$/), z.string()).nullish(),
  num_labels: count.nullish(),
  problem_type: z
    .enum(Object.keys(PROBLEM_TYPES) as [keyof typeof PROBLEM_TYPES, ...(keyof typeof PROBLEM_TYPES)[]])
    .nullish(),
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
  add_cross_attention: z.literal(false).default(false),
  /** Ours: layers have a linear layer more (model/config.ts). */
  linear_reduction: z.literal(true).optional(),
  reduced_squares: count.optional(),
});

/** Names of the outputs in order; without any, two unnamed classes, which is the library's own default. */
function labelsOf({ id2label, num_labels: many }: z.output<typeof common>): string[] {
  const labels = Object.entries(id2label ?? {}).sort(([a], [b]) => Number(a) - Number(b));
  labels.forEach(([id], place) => {
    if (Number(id) !== place)
      throw new ConfigurationError(`id2label: expected ids 0 to ${labels.length - 1}, got ${id}`);
  });
  if (labels.length > 0) return labels.map(([, name]) => name);
  return Array.from({ length: many ?? 2 }, (_, i) => `LABEL_${i}`);
}

/** The library takes one output without `problem_type` for a regression. */
function problemOf(labels: readonly string[], type: z.output<typeof common>['problem_type']): Problem {
  const problem = type ? PROBLEM_TYPES[type] : labels.length === 1 ? 'regression' : 'classes';
  if (problem === 'regression' && labels.length !== 1)
    throw new ConfigurationError(
      `problem_type: regression: expected one output, got ${labels.length} (several numbers at once are not supported)`,
    );
  if (problem === 'classes' && labels.length === 1)
    throw new ConfigurationError(`problem_type: ${type}: expected at least two classes in id2label, got one`);
  return problem;
}

function parse<T>(schema: z.ZodType<T>, literal: unknown): T {
  const parsed = schema.safeParse(literal);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ConfigurationError(`${issue?.path.map(String).join('.')}: ${issue?.message}`);
}

/** Reads the shared fields and a family's own. */
export function readFields<T>(own: z.ZodType<T>, literal: unknown) {
  const shared = parse(common, literal);
  const labels = labelsOf(shared);
  const problem = problemOf(labels, shared.problem_type);
  const { vocab_size: vocabularySize } = shared;
  const { linear_reduction: linearReduction, reduced_squares: reducedSquares } = shared;
  const reduction = {
    ...(linearReduction && { linearReduction }),
    ...(reducedSquares && { reducedSquares }),
  };
  return { own: parse(own, literal), shared: { vocabularySize, labels, problem, ...reduction } };
}

/** Sizes that must fit each other. `hidden` and `heads` are the family's names of the fields. */
export function checkHeads(config: ModelConfig, hidden: string, heads: string): ModelConfig {
  if (config.hiddenSize % config.heads !== 0)
    throw new ConfigurationError(
      `${hidden}: expected a multiple of ${heads} ${config.heads}, got ${config.hiddenSize}`,
    );
  if (config.maxPositions < 1)
    throw new ConfigurationError(
      `max_position_embeddings: expected room for tokens, got ${config.maxPositions}`,
    );
  return config;
}

/** The shared fields of a sequence classifier's `config.json`. */
export function writeShared(config: ModelConfig, architecture: string): Record<string, unknown> {
  const type = Object.entries(PROBLEM_TYPES).find(([, problem]) => problem === config.problem)![0];
  return {
    architectures: [architecture],
    model_type: config.family,
    vocab_size: config.vocabularySize,
    pad_token_id: config.paddingToken,
    ...(config.problem === 'classes' ? {} : { problem_type: type }),
    ...(config.linearReduction ? { linear_reduction: true } : {}),
    ...(config.reducedSquares ? { reduced_squares: config.reducedSquares } : {}),
    id2label: Object.fromEntries(config.labels.map((label, id) => [String(id), label])),
    label2id: Object.fromEntries(config.labels.map((label, id) => [label, id])),
  };
}
