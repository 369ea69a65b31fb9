/** The encoder written once more with plain arrays in double precision, one sequence at a time: the tests' yardstick. */
import { gelu, geluHigh, geluLow, tanh } from '../../../methods/cipherprune/numbers.js';
import type { ModelConfig } from '../../../model/config.js';
import type { EncodedExample } from '../../../training/loop/batches.js';
import type { Parameters } from '../../../training/network/parameters.js';

type Row = number[];

export interface NaiveOptions {
  /** exact functions, or the polynomials */
  readonly exact: boolean;
  readonly thresholds: { readonly prune: number; readonly reduce: number }[] | null;
  /** 0: hard masks */
  readonly temperature: number;
}

export interface NaiveResult {
  readonly logits: Row;
  /** Per layer but the last: scores, kept and important masks of every token. */
  readonly layers: { scores: Row; kept: Row; important: Row }[];
  /** Every hidden state (the embedding first), what every layer's attention gives, its scores, and the pooler's output. */
  readonly hidden: Row[][];
  readonly contexts: Row[][];
  readonly allScores: Row[];
  readonly pooled: Row;
}

const erf = (x: number): number => {
  // Series for small, continued fraction for large arguments: to double precision.
  if (Math.abs(x) < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let f = 0;
  for (let n = 60; n > 0; n--) f = n / 2 / (Math.abs(x) + f);
  return Math.sign(x) * (1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (Math.abs(x) + f)));
};

export const exactGelu = (x: number): number => (x / 2) * (1 + erf(x / Math.SQRT2));

export function naiveEncode(
  parameters: Parameters,
  config: ModelConfig,
  example: EncodedExample,
  options: NaiveOptions,
): NaiveResult {
  const value = (name: string) => parameters.get(name)!.values;
  const { hiddenSize: h, heads } = config;
  const d = h / heads;
  const n = example.ids.length;
  const linear = (x: Row, name: string): Row => {
    const weight = value(`${name}.weight`);
    return [...value(`${name}.bias`)].map((b, o) =>
      x.reduce((sum, xi, i) => sum + xi * weight[o * x.length + i]!, b),
    );
  };
  const norm = (x: Row, name: string): Row => {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
    const [gamma, beta] = [value(`${name}.LayerNorm.weight`), value(`${name}.LayerNorm.bias`)];
    return x.map(
      (xi, i) => ((xi - mean) / Math.sqrt(variance + config.layerNormEpsilon)) * gamma[i]! + beta[i]!,
    );
  };
  const add = (a: Row, b: Row): Row => a.map((x, i) => x + b[i]!);
  const table = (name: string, row: number): Row => [
    ...value(`embeddings.${name}.weight`).subarray(row * h, (row + 1) * h),
  ];
  const mask = (score: number, threshold: number): number =>
    options.temperature > 0
      ? 1 / (1 + Math.exp(-(score - threshold) / options.temperature))
      : Number(score >= threshold);
  const mixGelu = (x: number, r: number): number =>
    options.exact ? exactGelu(x) : r * gelu(x, geluHigh) + (1 - r) * gelu(x, geluLow);

  let x: Row[] = [...example.ids].map((id, i) =>
    norm(
      add(
        add(table('word_embeddings', id), table('position_embeddings', i)),
        table('token_type_embeddings', example.types[i]!),
      ),
      'embeddings',
    ),
  );
  let kept: Row = x.map(() => 1);
  let important: Row = x.map(() => 1);
  const layers: NaiveResult['layers'] = [];
  const hidden: Row[][] = [x];
  const contexts: Row[][] = [];
  const allScores: Row[] = [];
  for (let at = 0; at < config.layers; at++) {
    const p = `encoder.layer.${at}`;
    const [q, k, v] = ['query', 'key', 'value'].map((part) =>
      x.map((row) => linear(row, `${p}.attention.self.${part}`)),
    ) as [Row[], Row[], Row[]];
    const scores: Row = x.map(() => 0);
    const context: Row[] = x.map(() => new Array<number>(h).fill(0));
    for (let head = 0; head < heads; head++)
      for (let j = 0; j < n; j++) {
        if (kept[j] === 0) continue;
        const s = k.map((key) => {
          let dot = 0;
          for (let c = head * d; c < (head + 1) * d; c++) dot += q[j]![c]! * key[c]!;
          return dot / Math.sqrt(d);
        });
        const max = Math.max(...s.filter((_, i) => kept[i]! >= 0.01));
        const e = s.map((si, i) => (kept[i] === 0 ? 0 : kept[i]! * Math.exp(Math.min(si - max, 0))));
        const total = e.reduce((a, b) => a + b, 0);
        e.forEach((ei, i) => {
          scores[i]! += (kept[j]! * ei) / total / heads;
          for (let c = head * d; c < (head + 1) * d; c++) context[j]![c]! += (ei / total) * v[i]![c]!;
        });
      }
    const thresholds = at < config.layers - 1 ? options.thresholds?.[at] : undefined;
    if (thresholds) {
      kept = scores.map((s, i) => (i === 0 ? 1 : kept[i]! * mask(s, thresholds.prune)));
      important = scores.map((s, i) => (i === 0 ? 1 : mask(s, thresholds.reduce)));
    }
    if (at < config.layers - 1) layers.push({ scores, kept, important });
    allScores.push(scores);
    contexts.push(context);
    x = x.map((row, i) => {
      const last = at === config.layers - 1;
      const attended = norm(
        add(row, linear(context[i]!, `${p}.attention.output.dense`)),
        `${p}.attention.output`,
      ).map((a) => a * (last ? 1 : kept[i]!));
      const r = last ? 1 : important[i]!;
      const inner = linear(attended, `${p}.intermediate.dense`).map((a) => mixGelu(a, r));
      return norm(add(attended, linear(inner, `${p}.output.dense`)), `${p}.output`);
    });
    hidden.push(x);
  }
  const pooled = linear(x[0]!, 'pooler.dense').map((a) => (options.exact ? Math.tanh(a) : tanh(a)));
  return { logits: linear(pooled, 'classifier'), layers, hidden, contexts, allScores, pooled };
}
