/**
 * AdamW (Loshchilov and Hutter, 2019) with a global gradient norm limit, in place on the parameters. Of the word table only
 * the rows that a batch touched are updated, with their own moments (as in "lazy" Adam): the others stand still.
 */
import { kernels } from '#kernels';
import { decays, isThreshold, type Parameters, WORD_TABLE } from '../network/parameters.js';

/** Gradients of one step: whole tensors by name, and rows of the word table by id (distinct). */
export interface Gradients {
  readonly dense: ReadonlyMap<string, Float32Array>;
  readonly words: { readonly ids: Int32Array; readonly rows: Float32Array } | null;
}

export interface OptimizerOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clipNorm: number | null;
}

/** Learning rate of a parameter in this step; 0 leaves it alone. */
export type RateOf = (name: string) => number;

interface Moments {
  readonly mean: Float32Array<ArrayBuffer>;
  readonly square: Float32Array<ArrayBuffer>;
}

/** Norm of all weights' gradients together; thresholds have their own scale and stay out. */
function gradientNorm({ dense, words }: Gradients): number {
  let total = words ? kernels.floatSumOfSquares({ x: words.rows }) : 0;
  for (const [name, values] of dense)
    if (!isThreshold(name)) total += kernels.floatSumOfSquares({ x: values });
  return Math.sqrt(total);
}

export class AdamW {
  step = 0;
  readonly #moments = new Map<string, Moments>();

  readonly #parameters: Parameters;
  readonly #options: OptimizerOptions;

  constructor(parameters: Parameters, options: OptimizerOptions) {
    this.#parameters = parameters;
    this.#options = options;
  }

  #momentsOf(name: string, size: number): Moments {
    let moments = this.#moments.get(name);
    if (!moments) {
      moments = { mean: new Float32Array(size), square: new Float32Array(size) };
      this.#moments.set(name, moments);
    }
    return moments;
  }

  /** Changes the parameters, unless a gradient is not finite; returns the gradient norm before the limit. */
  apply(gradients: Gradients, rateOf: RateOf): number {
    const { beta1, beta2, epsilon, weightDecay, clipNorm } = this.#options;
    const norm = gradientNorm(gradients);
    if (!Number.isFinite(norm)) return norm;
    const clip = clipNorm !== null && norm > clipNorm ? clipNorm / norm : 1;
    this.step++;
    const numbers = (name: string) => ({
      gradientScale: isThreshold(name) ? 1 : clip,
      rate: rateOf(name),
      beta1,
      beta2,
      epsilon,
      decay: decays(name) ? weightDecay : 0,
      correction1: 1 / (1 - beta1 ** this.step),
      correction2: 1 / (1 - beta2 ** this.step),
    });
    for (const [name, gradient] of gradients.dense) {
      const { values } = this.#parameter(name);
      const { mean, square } = this.#momentsOf(name, values.length);
      kernels.floatAdamW({ parameter: values, mean, square, gradient, ...numbers(name) });
    }
    if (gradients.words) {
      const { values, shape } = this.#parameter(WORD_TABLE);
      const { mean, square } = this.#momentsOf(WORD_TABLE, values.length);
      const { ids, rows } = gradients.words;
      kernels.floatAdamWRows({
        columns: shape[1]!,
        count: ids.length,
        parameter: values,
        mean,
        square,
        rows: ids,
        gradient: rows,
        ...numbers(WORD_TABLE),
      });
    }
    return norm;
  }

  #parameter(name: string) {
    const parameter = this.#parameters.get(name);
    if (!parameter) throw new Error(`optimizer: gradient of ${name}, which is not a parameter`);
    return parameter;
  }

  /** Moments by name, for a checkpoint. */
  state(): ReadonlyMap<string, Moments> {
    return this.#moments;
  }

  /** Goes on from a checkpoint. */
  restore(step: number, moments: ReadonlyMap<string, Moments>): void {
    this.step = step;
    this.#moments.clear();
    for (const [name, pair] of moments) this.#moments.set(name, pair);
  }
}

function addTo(target: Float32Array, values: Float32Array, scale: number): void {
  for (let i = 0; i < values.length; i++) target[i] = target[i]! + scale * values[i]!;
}

/** Mean of the gradients of several batches (gradient accumulation). */
export function meanGradients(parts: readonly Gradients[]): Gradients {
  if (parts.length === 1) return parts[0]!;
  const scale = 1 / parts.length;
  const dense = new Map<string, Float32Array>();
  for (const part of parts)
    for (const [name, values] of part.dense) {
      const target = dense.get(name) ?? new Float32Array(values.length);
      addTo(target, values, scale);
      dense.set(name, target);
    }
  const words = parts.flatMap((part) => part.words ?? []);
  if (words.length === 0) return { dense, words: null };
  const columns = words[0]!.rows.length / words[0]!.ids.length;
  const places = new Map<number, number>();
  for (const { ids } of words) for (const id of ids) if (!places.has(id)) places.set(id, places.size);
  const rows = new Float32Array(places.size * columns);
  for (const part of words)
    part.ids.forEach((id, i) => {
      const at = places.get(id)! * columns;
      addTo(rows.subarray(at, at + columns), part.rows.subarray(i * columns, (i + 1) * columns), scale);
    });
  return { dense, words: { ids: Int32Array.from(places.keys()), rows } };
}
