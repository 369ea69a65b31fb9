/** What the manifests of an artifact may contain. Bounds keep a wrong or hostile manifest from costing memory. */
import * as z from 'zod';
import {
  ACTIVATIONS,
  BERT_ARCHITECTURE,
  FAMILY_NAMES,
  groupOfLayer,
  HEAD_ACTIVATIONS,
  isReducedGroup,
  type ModelConfig,
  PROBLEMS,
} from '../config.js';
import { isPrintable } from '../../util/printable.js';
import { storedTaskSchema } from '../task.js';
import type { MethodReference, PublicModel } from './artifact.js';
import { ArtifactError } from './artifact-error.js';
import { scheduleFault, scheduleSchema } from './schedule.js';

export const ARTIFACT_FORMAT = 'cipherprune-artifact';
export const ARTIFACT_FORMAT_VERSION = 1;

/** A client's input has a column for each word of a private table, so this bounds its memory; XLM-R has 250,002. */
const MOST_PRIVATE_WORDS = 1 << 18;

const upTo = (maximum: number) => z.number().int().min(1).max(maximum);
const magnitude = z.number().min(0).max(1e12);
const label = z.string().min(1).max(200).refine(isPrintable, { message: 'labels must be printable' });

const bert = BERT_ARCHITECTURE;

const configSchema = z
  .strictObject({
    family: z.enum(FAMILY_NAMES).default(bert.family),
    embeddingSize: upTo(1 << 16)
      .nullable()
      .default(bert.embeddingSize),
    weightGroups: upTo(1 << 10)
      .nullable()
      .default(bert.weightGroups),
    activation: z.enum(ACTIVATIONS).default(bert.activation),
    headActivation: z.enum(HEAD_ACTIVATIONS).default(bert.headActivation),
    problem: z.enum(PROBLEMS).default(bert.problem),
    paddingToken: z
      .number()
      .int()
      .min(0)
      .max(1 << 24)
      .default(bert.paddingToken),
    vocabularySize: upTo(1 << 24),
    hiddenSize: upTo(1 << 16),
    layers: upTo(1 << 10),
    heads: upTo(1 << 10),
    intermediateSize: upTo(1 << 18),
    maxPositions: upTo(1 << 16),
    tokenTypes: z.number().int().min(0).max(64),
    layerNormEpsilon: z.number().positive().max(1),
    labels: z
      .array(label)
      .min(1)
      .max(1 << 16),
    linearReduction: z.literal(true).optional(),
    reducedSquares: upTo(1 << 18).optional(),
  })
  .refine((c) => c.hiddenSize % c.heads === 0, { message: 'hiddenSize must be a multiple of heads' })
  .refine((c) => (c.weightGroups ?? 1) <= c.layers, { message: 'weightGroups must not exceed layers' })
  .refine((c) => c.linearReduction === true || c.reducedSquares === undefined, {
    message: 'reducedSquares must come with linearReduction',
  })
  .refine((c) => c.problem !== 'regression' || c.labels.length === 1, {
    message: 'labels must be one name if problem is regression',
  });

const varianceSchema = z
  .strictObject({ min: magnitude, max: magnitude })
  .refine(({ min, max }) => min <= max, { message: 'min must not exceed max' });

const layerRangesSchema = z.strictObject({
  query: magnitude,
  key: magnitude,
  value: magnitude,
  logits: magnitude,
  context: magnitude,
  attentionResidual: magnitude,
  attentionVariance: varianceSchema,
  attentionNorm: magnitude,
  geluInput: magnitude,
  squareInput: magnitude.optional(),
  outputResidual: magnitude,
  outputVariance: varianceSchema,
  outputNorm: magnitude,
});

const rangesSchema = z.strictObject({
  embedding: magnitude,
  layers: z.array(layerRangesSchema),
  poolerInput: magnitude,
  logits: magnitude,
});

const scaleSchema = z.strictObject({
  weightBits: z.number().int().min(2).max(16),
  fractionBits: z.number().int().min(-16).max(40),
  normBits: z.number().int().min(0).max(32).optional(),
});

const layerScalesSchema = z.strictObject({
  query: scaleSchema,
  key: scaleSchema,
  value: scaleSchema,
  attentionOutput: scaleSchema,
  intermediate: scaleSchema,
  output: scaleSchema,
  reduced: scaleSchema.optional(),
  reducedInner: scaleSchema.optional(),
  reducedOuter: scaleSchema.optional(),
});

/** A plain file name: no folders, nothing hidden. */
const fileName = z.string().regex(/^[a-z][a-z0-9_-]*\.(json|safetensors|txt)$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const fileEntrySchema = z.strictObject({
  name: fileName,
  bytes: z
    .number()
    .int()
    .min(0)
    .max(2 ** 33),
  sha256: digest,
});
export type FileEntry = z.output<typeof fileEntrySchema>;

const header = {
  format: z.literal(ARTIFACT_FORMAT),
  formatVersion: z.literal(ARTIFACT_FORMAT_VERSION),
  files: z.array(fileEntrySchema).min(1).max(16),
};

export const publicManifestSchema = z
  .strictObject({
    ...header,
    part: z.literal('public'),
    task: storedTaskSchema,
    config: configSchema,
    maxTokens: upTo(1 << 16),
    fixedPoint: z.strictObject({
      ringBits: z.number().int().min(16).max(64),
      fractionBits: z.number().int().min(1).max(32),
    }),
    method: z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/), numbers: digest }).optional(),
    /** As older versions named the method. */
    prunes: z.boolean().optional(),
    reduces: z.boolean().optional(),
    schedule: scheduleSchema.optional(),
    /** To the private part (commitment.ts); artifacts of older versions have none. */
    commitment: digest.optional(),
    ranges: rangesSchema,
    scales: z.strictObject({
      projection: scaleSchema.optional(),
      layers: z.array(layerScalesSchema),
      pooler: scaleSchema,
      classifier: scaleSchema,
      gammaBits: z.number().int().min(0).max(12).optional(),
    }),
    /** Without `word` if that table is secret. */
    embedding: z.strictObject({
      word: scaleSchema.optional(),
      position: scaleSchema,
      tokenType: scaleSchema.optional(),
    }),
    privateEmbedding: z
      .strictObject({ word: scaleSchema, sum: magnitude, variance: varianceSchema })
      .optional(),
  })
  .refine((m) => (m.embedding.word === undefined) !== (m.privateEmbedding === undefined), {
    message: 'either embedding.word or privateEmbedding must be present',
  })
  .refine((m) => m.privateEmbedding === undefined || m.config.vocabularySize <= MOST_PRIVATE_WORDS, {
    message: `config.vocabularySize must not exceed ${MOST_PRIVATE_WORDS} if the word table is private`,
  })
  .refine((m) => m.ranges.layers.length === m.config.layers, {
    message: 'ranges.layers must have one entry a layer',
  })
  .refine((m) => m.scales.layers.length === m.config.layers, {
    message: 'scales.layers must have one entry a layer',
  })
  .refine(
    ({ config, scales: { layers } }) =>
      layers.every(
        ({ reduced }, layer) =>
          (reduced !== undefined) === isReducedGroup(config, groupOfLayer(config, layer)),
      ),
    {
      message:
        'scales.layers must have reduced in all but the last if and only if config.linearReduction is set',
    },
  )
  .refine(
    ({ config, scales, ranges }) =>
      scales.layers.every(({ reducedInner, reducedOuter }, layer) => {
        const expected =
          config.reducedSquares !== undefined && isReducedGroup(config, groupOfLayer(config, layer));
        const { squareInput } = ranges.layers[layer]!;
        return [reducedInner, reducedOuter, squareInput].every((one) => (one !== undefined) === expected);
      }),
    {
      message:
        'scales.layers must have reducedInner and reducedOuter, and ranges.layers squareInput, where they have reduced and config.reducedSquares is set',
    },
  )
  .refine((m) => (m.scales.projection === undefined) === (m.config.embeddingSize === null), {
    message: 'scales.projection must be present if and only if config.embeddingSize is',
  })
  .refine((m) => (m.embedding.tokenType === undefined) === (m.config.tokenTypes === 0), {
    message: 'embedding.tokenType must be present if and only if config.tokenTypes is above 0',
  })
  .refine((m) => (m.method === undefined) !== (m.prunes === undefined && m.reduces === undefined), {
    message: 'method must be present (or, as in older versions, prunes and reduces)',
  })
  .superRefine((m, context) => {
    const fault = m.schedule && scheduleFault(m.schedule, m.config.layers, m.maxTokens);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  })
  .refine((m) => m.maxTokens <= m.config.maxPositions, {
    message: 'maxTokens must not exceed config.maxPositions',
  });
export type PublicManifest = z.output<typeof publicManifestSchema>;

export const privateManifestSchema = z.strictObject({
  ...header,
  part: z.literal('private'),
  /** The public part that these weights belong to. */
  publicDigest: digest,
  /** Opens the public part's commitment. */
  salt: digest.optional(),
  /** Where the thresholds are from, if not from training. */
  thresholdSource: z.literal('quantiles').optional(),
});
export type PrivateManifest = z.output<typeof privateManifestSchema>;

const threshold = z.number();
export const thresholdsSchema = z.array(
  z
    .strictObject({ prune: threshold, reduce: threshold })
    .refine(({ prune, reduce }) => prune <= reduce, { message: 'reduce must not be below prune' }),
);

/** Of the numbers that every artifact was made for before artifacts named their method. */
const FIRST_NUMBERS = 'c36ff46f8d22034dac21b095704a2f84f2a3e3558e6dbb5401f0fffa57412994';

/** The method of a manifest, also of an older one. */
export function methodOfManifest({ method, prunes, reduces }: PublicManifest): MethodReference {
  if (method) return method;
  const name = reduces ? 'cipherprune' : prunes ? 'cipherprune-prune' : 'dense';
  return { name, numbers: FIRST_NUMBERS };
}

/** Without what BERT has too: as older versions wrote them. */
const configFields = (config: ModelConfig): Partial<ModelConfig> =>
  Object.fromEntries(
    Object.entries(config).filter(([name, value]) => value !== bert[name as keyof typeof bert]),
  );

/** The fields of a public model that its manifest holds as they are. */
export const manifestFields = (model: PublicModel) => ({
  task: model.task,
  config: configFields(model.config),
  maxTokens: model.maxTokens,
  fixedPoint: model.fixedPoint,
  method: model.method,
  ...(model.schedule ? { schedule: model.schedule } : {}),
  ranges: model.ranges,
  scales: model.scales,
  ...(model.privateEmbedding ? { privateEmbedding: model.privateEmbedding } : {}),
});

/** Parses by a schema; `file` begins the error's message. */
export function parseWith<T>(schema: z.ZodType<T>, literal: unknown, file: string): T {
  const parsed = schema.safeParse(literal);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.map(String).join('.') ?? '';
  throw new ArtifactError(`${file}: ${where === '' ? '' : `${where}: `}${issue?.message}`);
}
