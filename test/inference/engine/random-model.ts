/** Small random models with calibrated ranges, and their plain float forward pass: what the engine must come close to. */

import { embed, type TokenInput } from '../../../inference/engine/embedding.js';
import { cipherPrune, cipherPruneOnly, dense } from '../../../methods/cipherprune/index.js';
import * as approximations from '../../../methods/cipherprune/numbers.js';
import { methodOf, methodReference } from '../../../methods/reference.js';
import type { Method } from '../../../methods/method.js';
import { configFor } from '../../../bench/random-model.js';
import { artifactOf, type LinearName, type TableName } from '../../../bench/artifact-of.js';
import type {
  Artifact,
  LayerNormWeights,
  LayerRanges,
  QuantizedLinear,
  QuantizedMatrix,
} from '../../../model/artifact/artifact.js';
import { BERT_ARCHITECTURE } from '../../../model/config.js';
import { noise } from '../functions/harness.js';

export interface ModelOptions {
  readonly layers: number;
  readonly prunes: boolean;
  readonly reduces: boolean;
  readonly seed: number;
  /** Whose layers it has; `cipherprune`'s unless given. */
  readonly method?: Method;
}

type Ranges = { -readonly [K in keyof LayerRanges]: LayerRanges[K] };

/** Largest entries and fraction bits: ranges that the approximations are for, and as many bits as fit. */
const SIZES: Readonly<Record<LinearName | TableName, readonly [size: number, fractionBits: number]>> = {
  query: [0.18, 9],
  key: [0.5, 7],
  value: [0.4, 8],
  attentionOutput: [0.4, 7],
  intermediate: [0.5, 7],
  output: [0.3, 8],
  reduced: [0.3, 8],
  reducedInner: [0.3, 8],
  reducedOuter: [0.1, 9],
  pooler: [0.4, 7],
  classifier: [0.6, 7],
  word: [1, 7],
  position: [0.3, 7],
  tokenType: [0.3, 7],
};

export function randomModel({ layers, prunes, reduces, seed, method = cipherPrune }: ModelOptions): Artifact {
  const next = noise(seed);
  const config = configFor(method, {
    ...BERT_ARCHITECTURE,
    vocabularySize: 50,
    hiddenSize: 32,
    layers,
    heads: 4,
    intermediateSize: 64,
    maxPositions: 32,
    tokenTypes: 2,
    layerNormEpsilon: 1e-12,
    labels: ['no', 'yes', 'perhaps'],
  });
  const matrix = (inputs: number, outputs: number, size: number, fractionBits: number): QuantizedMatrix => ({
    inputs,
    outputs,
    weightBits: 8,
    fractionBits,
    values: Int16Array.from({ length: inputs * outputs }, () =>
      Math.max(-127, Math.min(127, Math.round(next() * size * 2 ** fractionBits))),
    ),
  });
  const artifact = artifactOf(
    {
      linear: (name, inputs, outputs) => ({
        matrix: matrix(inputs, outputs, ...SIZES[name]),
        bias: Float64Array.from({ length: outputs }, () => next() / 4),
      }),
      table: (name, rows, width) => matrix(rows, width, ...SIZES[name]),
      norm: (width) => ({
        gamma: Float64Array.from({ length: width }, () => 1 + next() / 2),
        beta: Float64Array.from({ length: width }, () => next() / 2),
      }),
      ...(prunes ? { thresholds: (layer) => ({ prune: 0.5 + 0.2 * layer, reduce: 1.05 }) } : {}),
    },
    {
      config,
      ranges: { embedding: 4, layers: [], poolerInput: 8, logits: 8 },
      method: methodReference(prunes ? (reduces ? cipherPrune : cipherPruneOnly) : dense),
      tokenizerFiles: {},
    },
  );
  const ranges = Array.from({ length: layers }, emptyRanges);
  for (let i = 0; i < 20; i++) floatForward(artifact, randomInput(seed + i, 12), ranges);
  return {
    ...artifact,
    public: { ...artifact.public, ranges: { ...artifact.public.ranges, layers: ranges } },
  };
}

export function randomInput(seed: number, tokens: number): TokenInput {
  const next = noise(seed * 7 + 5);
  return {
    ids: Array.from({ length: tokens }, () => Math.floor((next() + 1) * 25)),
    tokenTypes: Array.from({ length: tokens }, (_, i) => (i > tokens / 2 ? 1 : 0)),
  };
}

const emptyRanges = (): Ranges => ({
  query: 0,
  key: 0,
  value: 0,
  logits: 0,
  context: 0,
  attentionResidual: 0,
  attentionVariance: { min: 1e9, max: 0 },
  attentionNorm: 0,
  geluInput: 0,
  outputResidual: 0,
  outputVariance: { min: 1e9, max: 0 },
  outputNorm: 0,
});

type Matrix = Float64Array[];

function apply(x: Matrix, { matrix, bias }: QuantizedLinear): Matrix {
  const unit = 2 ** -matrix.fractionBits;
  return x.map((row) =>
    bias.map((start, o) => {
      let sum = start;
      for (let i = 0; i < matrix.inputs; i++) sum += row[i]! * matrix.values[i * matrix.outputs + o]! * unit;
      return sum;
    }),
  );
}

const largest = (x: Matrix): number => Math.max(...x.map((row) => Math.max(...row.map(Math.abs))));
const plus = (x: Matrix, y: Matrix): Matrix => x.map((row, i) => row.map((v, j) => v + y[i]![j]!));

function statistics(row: Float64Array): { mean: number; variance: number } {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  return { mean, variance: row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length };
}

const normalise = (x: Matrix, { gamma, beta }: LayerNormWeights): Matrix =>
  x.map((row) => {
    const { mean, variance } = statistics(row);
    return row.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-12)) * gamma[i]! + beta[i]!);
  });

export interface FloatResult {
  readonly logits: number[];
  readonly kept: number[];
  readonly important: number[];
  /** Smallest distance of a score to a threshold: how much room rounding has. */
  readonly margin: number;
}

/** Token order is kept here; `ranges` grows to hold what is met. A model with a schedule keeps so many of the best tokens. */
export function floatForward(
  { public: model, private: secret }: Artifact,
  input: TokenInput,
  ranges: Ranges[] | null = null,
): FloatResult {
  const { hiddenSize: hidden, heads, layers } = model.config;
  const embedded = embed(model, input);
  let x: Matrix = input.ids.map((_, i) => embedded.slice(i * hidden, (i + 1) * hidden));
  let important = x.map(() => true);
  const counts = model.schedule?.find(({ tokens }) => tokens >= input.ids.length)?.layers;
  const [kept, importantCounts]: [number[], number[]] = [[], []];
  let margin = Infinity;
  const widen = (layer: number, name: keyof Ranges, values: Matrix) => {
    const range = ranges?.[layer];
    if (range) (range[name] as number) = Math.max((range[name] ?? 0) as number, largest(values));
  };
  const widenVariance = (layer: number, name: 'attentionVariance' | 'outputVariance', rows: Matrix) => {
    if (!ranges) return;
    const all = rows.map((row) => statistics(row).variance);
    const { min, max } = ranges[layer]![name];
    ranges[layer]![name] = { min: Math.min(min, ...all), max: Math.max(max, ...all) };
  };
  for (let l = 0; l < layers; l++) {
    const weights = secret.layers[l]!;
    const isLast = l === layers - 1;
    const [q, k, v] = [weights.query, weights.key, weights.value].map((w) => apply(x, w)) as [
      Matrix,
      Matrix,
      Matrix,
    ];
    widen(l, 'query', q);
    widen(l, 'key', k);
    widen(l, 'value', v);
    const size = hidden / heads;
    const scores = x.map(() => 0);
    const context = x.map(() => new Float64Array(hidden));
    for (let h = 0; h < heads; h++) {
      for (const [i, queryRow] of q.entries()) {
        const logits = k.map((keyRow) => {
          let sum = 0;
          for (let d = h * size; d < (h + 1) * size; d++) sum += queryRow[d]! * keyRow[d]!;
          return sum;
        });
        widen(l, 'logits', [Float64Array.from(logits)]);
        const top = Math.max(...logits);
        const powers = logits.map((value) => Math.exp(value - top));
        const total = powers.reduce((a, b) => a + b, 0);
        for (const [j, power] of powers.entries()) {
          scores[j]! += power / total / heads;
          for (let d = h * size; d < (h + 1) * size; d++) context[i]![d]! += (power / total) * v[j]![d]!;
        }
      }
    }
    widen(l, 'context', context);
    const { learns } = methodOf(model.method);
    let rows = x.map((_, i) => i);
    const { thresholds } = weights;
    if (isLast) {
      rows = [0];
      important = [true];
    } else if (counts) {
      const { kept: most, important: first } = counts[l]!;
      const best = rows.slice(1).sort((a, b) => scores[b]! - scores[a]!);
      for (const count of [most, first]) {
        const [in_, out] = [best[count - 2], best[count - 1]];
        if (in_ !== undefined && out !== undefined) margin = Math.min(margin, scores[in_]! - scores[out]!);
      }
      const chosen = new Set(best.slice(0, most - 1));
      const high = new Set(best.slice(0, first - 1));
      rows = rows.filter((i) => i === 0 || chosen.has(i));
      important = rows.map((i) => i === 0 || high.has(i));
    } else if (thresholds && learns !== 'nothing') {
      rows = rows.filter((i) => i === 0 || scores[i]! >= thresholds.prune);
      for (const score of scores.slice(1)) {
        margin = Math.min(margin, Math.abs(score - thresholds.prune), Math.abs(score - thresholds.reduce));
      }
      important = rows.map((i) => i === 0 || learns === 'prune' || scores[i]! >= thresholds.reduce);
    }
    kept.push(rows.length);
    importantCounts.push(important.filter(Boolean).length);
    const residual = plus(
      rows.map((i) => x[i]!),
      apply(
        rows.map((i) => context[i]!),
        weights.attentionOutput,
      ),
    );
    widen(l, 'attentionResidual', residual);
    widenVariance(l, 'attentionVariance', residual);
    const attended = normalise(residual, weights.attentionNorm);
    widen(l, 'attentionNorm', attended);
    const inner = apply(attended, weights.intermediate);
    widen(l, 'geluInput', inner);
    if (weights.reducedInner) widen(l, 'squareInput', apply(attended, weights.reducedInner));
    const activated = inner.map((row, i) =>
      row.map((value) =>
        approximations.gelu(value, important[i] ? approximations.geluHigh : approximations.geluLow),
      ),
    );
    const output = plus(attended, apply(activated, weights.output));
    widen(l, 'outputResidual', output);
    widenVariance(l, 'outputVariance', output);
    x = normalise(output, weights.outputNorm);
    widen(l, 'outputNorm', x);
  }
  const pooled = apply([x[0]!], secret.pooler).map((row) => row.map((value) => approximations.tanh(value)));
  return {
    logits: Array.from(apply(pooled, secret.classifier)[0]!),
    kept,
    important: importantCounts,
    margin,
  };
}
