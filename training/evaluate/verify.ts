/**
 * Compares the float encoder with reference outputs of another implementation (exact GELU, no padding, no masks). The file
 * lists cases: input_ids and token_type_ids, and of these what there is: of every hidden state (embedding output first) the first
 * features of the first and the last token and the Frobenius norm; importance S(x_i) of every token in every layer, the output
 * of the head's first layer, and the logits.
 */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { exactCurves } from '../../methods/curves.js';
import type { Checkpoint } from '../../model/checkpoint/checkpoint.js';
import { CipherPruneError } from '../../util/errors.js';
import { makeBatch } from '../loop/batches.js';
import { encode, NO_DROPOUT } from '../network/encoder.js';
import { type Parameter, WeightTensors, weightShapes } from '../network/parameters.js';

const rows = z.array(z.array(z.number()));
const caseSchema = z.object({
  text: z.string(),
  input_ids: z.array(z.number().int().min(0)).min(1),
  token_type_ids: z.array(z.number().int().min(0)),
  cls_per_layer: rows.optional(),
  last_token_per_layer: rows.optional(),
  norm_per_layer: z.array(z.number()).optional(),
  importance_per_layer: rows.optional(),
  pooler_output: z.array(z.number()).optional(),
  logits: z.array(z.number()).optional(),
});
const referenceSchema = z.object({ cases: z.array(caseSchema).min(1) });
type ReferenceCase = z.output<typeof caseSchema>;

export interface Difference {
  /** 'embedding', 'layer 3', 'pooler' or 'logits'. */
  readonly layer: string;
  /** 'first token', 'last token', 'norm' (relative), 'importance' or 'output'. */
  readonly what: string;
  readonly text: string;
  readonly error: number;
}

export interface Verification {
  readonly cases: number;
  readonly tolerance: number;
  readonly maxError: number;
  readonly worst: Difference;
  /** Largest error by layer. */
  readonly layers: readonly Difference[];
}

export class ReferenceFileError extends CipherPruneError {
  override name = 'ReferenceFileError';
  readonly code = 'ERR_REFERENCE';
}

async function readReference(file: string): Promise<ReferenceCase[]> {
  let literal: unknown;
  try {
    literal = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ReferenceFileError(`${file}: ${(error as Error).message}`);
  }
  const parsed = referenceSchema.safeParse(literal);
  if (parsed.success) return parsed.data.cases;
  const issue = parsed.error.issues[0];
  throw new ReferenceFileError(`${file}: ${issue?.path.map(String).join('.')}: ${issue?.message}`);
}

/** Weights of an encoder; a head that it lacks is 0, and its reference has no logits. */
function parametersOf(checkpoint: Checkpoint): Map<string, Parameter> {
  return new Map(
    [...weightShapes(checkpoint.config)].map(([name, shape]) => {
      const stored = checkpoint.tensors.get(name)?.values;
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, { shape, values: stored ? Float32Array.from(stored) : new Float32Array(size) }];
    }),
  );
}

/** What our encoder computes for one case, in the reference's layout. */
interface Computed {
  readonly hidden: Float32Array[];
  readonly importance: Float32Array[];
  pooler: Float32Array;
  logits: Float32Array;
}

function compute(checkpoint: Checkpoint, weights: WeightTensors, reference: ReferenceCase): Computed {
  const ids = Int32Array.from(reference.input_ids);
  const types = Int32Array.from(reference.token_type_ids);
  const batch = makeBatch([{ index: 0, ids, types, label: 0 }]);
  const none = new Float32Array(0);
  const computed: Computed = { hidden: [], importance: [], pooler: none, logits: none };
  tf.tidy(() => {
    encode(weights.get(), checkpoint.config, batch, batch.ids, {
      curves: exactCurves,
      masks: null,
      dropout: NO_DROPOUT,
      lastLayer: 'all',
      observe: (_, name, value) => {
        const values = value.dataSync() as Float32Array;
        if (name === 'embedding' || name === 'outputNorm') computed.hidden.push(values);
        if (name === 'scores') computed.importance.push(values.map((score) => score / ids.length));
        if (name === 'pooler') computed.pooler = values;
        if (name === 'logits') computed.logits = values;
      },
    });
  });
  return computed;
}

const worstOf = (own: ArrayLike<number>, reference: readonly number[]): number =>
  reference.reduce((worst, value, i) => {
    const error = Math.abs(value - (own[i] ?? Number.NaN));
    return Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
  }, 0);

const normOf = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

function compare(reference: ReferenceCase, { hidden, importance, pooler, logits }: Computed): Difference[] {
  const { text } = reference;
  const columns = hidden[0]!.length / reference.input_ids.length;
  const layerName = (at: number): string => (at === 0 ? 'embedding' : `layer ${at - 1}`);
  const missing = [Number.NaN];
  const { cls_per_layer: first, last_token_per_layer: last, norm_per_layer: norms } = reference;
  const states = hidden.flatMap((values, at): Difference[] => {
    const layer = layerName(at);
    const difference = (what: string, error: number): Difference => ({ layer, what, text, error });
    const norm = norms?.[at] ?? Number.NaN;
    return [
      ...(first ? [difference('first token', worstOf(values, first[at] ?? missing))] : []),
      ...(last ? [difference('last token', worstOf(values.subarray(-columns), last[at] ?? missing))] : []),
      ...(norms ? [difference('norm', worstOf([normOf(values) / norm], [1]))] : []),
    ];
  });
  const stored = reference.importance_per_layer;
  const scores = (stored ? importance : []).map(
    (values, at): Difference => ({
      layer: `layer ${at}`,
      what: 'importance',
      text,
      error: worstOf(values, stored?.[at] ?? [Number.NaN]),
    }),
  );
  const heads = [
    { layer: 'pooler', own: pooler, expected: reference.pooler_output },
    { layer: 'logits', own: logits, expected: reference.logits },
  ].flatMap(({ layer, own, expected }): Difference[] =>
    expected === undefined ? [] : [{ layer, what: 'output', text, error: worstOf(own, expected) }],
  );
  return [...states, ...scores, ...heads];
}

const worse = (a: Difference, b: Difference): Difference => (b.error > a.error ? b : a);

/** Runs every case of a reference file. The tensors must be those of the file's model. */
export async function verify(checkpoint: Checkpoint, file: string, tolerance: number): Promise<Verification> {
  const cases = await readReference(file);
  for (const { text, input_ids: ids } of cases)
    if (
      ids.length > checkpoint.config.maxPositions ||
      ids.some((id) => id >= checkpoint.config.vocabularySize)
    )
      throw new ReferenceFileError(`${file}: "${text}": tokens beyond the model's vocabulary or positions`);
  const weights = new WeightTensors(parametersOf(checkpoint));
  const differences = cases.flatMap((reference) =>
    compare(reference, compute(checkpoint, weights, reference)),
  );
  weights.dispose();
  const byLayer = new Map<string, Difference>();
  for (const difference of differences) {
    const before = byLayer.get(difference.layer);
    byLayer.set(difference.layer, before ? worse(before, difference) : difference);
  }
  if (differences.length === 0)
    throw new ReferenceFileError(`${file}: expected hidden states or logits to compare with, got none`);
  const worst = differences.reduce(worse);
  return { cases: cases.length, tolerance, maxError: worst.error, worst, layers: [...byLayer.values()] };
}
