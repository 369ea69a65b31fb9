/**
 * The numbers that training changes, by the names of model/checkpoint/checkpoint-tensors.ts, in ordinary memory: tensors
 * are made over them, the optimizer and the checkpoint read and write them directly.
 */
import * as tf from '@tensorflow/tfjs';
import { splitmix32 } from '../../util/splitmix32.js';
import { encoderShapes, headShapes } from '../../model/checkpoint/checkpoint-tensors.js';
import type { ModelConfig } from '../../model/config.js';
import { sharesMemory } from '../backend/setup.js';

export interface Parameter {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

export type Parameters = ReadonlyMap<string, Parameter>;

export const WORD_TABLE = 'embeddings.word_embeddings.weight';
export const PRUNE_THRESHOLDS = 'thresholds.prune';
export const REDUCE_THRESHOLDS = 'thresholds.reduce';
export const isThreshold = (name: string): boolean => name.startsWith('thresholds.');
/** Of layers of low degree (phases/fit-reduced.ts). */
export const isReduced = (name: string): boolean => name.includes('.reduced.');
/** Of the classifier, which comes after the encoder. */
export const isHead = (name: string): boolean => /^(pooler|classifier)\./.test(name);
/** Of one set of layer weights (config.ts: groupOfLayer). */
export const layerPrefix = (group: number): string => `encoder.layer.${group}`;

/** Every weight of the encoder classifier and its shape, in a fixed order. */
export const weightShapes = (config: ModelConfig): ReadonlyMap<string, readonly number[]> =>
  new Map([...encoderShapes(config), ...headShapes(config)]);

const isNormWeight = (name: string): boolean => name.endsWith('LayerNorm.weight');
const isBias = (name: string): boolean => name.endsWith('.bias');

/** Weight decay is for matrices, not for biases, LayerNorms and thresholds. */
export const decays = (name: string): boolean => !isBias(name) && !isNormWeight(name) && !isThreshold(name);

/** Normal numbers of a deviation (Box and Muller), cut at two deviations as BERT does. */
function fillNormal(values: Float32Array, deviation: number, random: () => number): void {
  for (let i = 0; i < values.length; i++) {
    let z: number;
    do z = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    while (Math.abs(z) > 2);
    values[i] = deviation * z;
  }
}

/** Fresh weights for one name. */
export function initialValues(
  name: string,
  shape: readonly number[],
  deviation: number,
  random: () => number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  if (isNormWeight(name)) values.fill(1);
  else if (!isBias(name)) fillNormal(values, deviation, random);
  return values;
}

/** An encoder with random weights: the same for the same seed. */
export function initialParameters(
  config: ModelConfig,
  deviation: number,
  seed: number,
): Map<string, Parameter> {
  const random = splitmix32(seed);
  return new Map(
    [...weightShapes(config)].map(([name, shape]) => [
      name,
      { shape, values: initialValues(name, shape, deviation, random) },
    ]),
  );
}

export type Weights = Readonly<Record<string, tf.Tensor>>;

/** Tensors over parameters; on a backend that shares memory they follow every change. Dispose when done. */
export class WeightTensors {
  readonly #parameters: Parameters;
  #tensors: Record<string, tf.Tensor> | null = null;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
  }

  get(): Weights {
    this.#tensors ??= Object.fromEntries(
      [...this.#parameters].map(([name, { shape, values }]) => [
        name,
        tf.keep(tf.tensor(values, [...shape], 'float32')),
      ]),
    );
    return this.#tensors;
  }

  /** After a change of the parameters: a backend with a memory of its own has the old numbers. */
  changed(): void {
    if (!sharesMemory()) this.dispose();
  }

  dispose(): void {
    for (const tensor of Object.values(this.#tensors ?? {})) tensor.dispose();
    this.#tensors = null;
  }
}
