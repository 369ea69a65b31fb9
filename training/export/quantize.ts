/** Float weights → integers of few bits with power-of-two scales. */
import type { QuantizedMatrix } from '../../model/artifact/artifact.js';
import { columnNormBits } from '../../model/artifact/column-norm.js';

/** What rounding did to one tensor. */
export interface QuantizationReport {
  readonly name: string;
  /** Of the integers as they are stored. */
  readonly weightBits: number;
  readonly fractionBits: number;
  /** Numbers outside the range of the integers, set to its end. */
  readonly saturated: number;
  readonly numbers: number;
  /** Root mean square error over root mean square value. */
  readonly relativeError: number;
}

/** Finer scales than the one that saturates nothing are tried too: a few cut outliers may cost less than coarse steps. */
const FINER_SCALES = 3;
const MOST_FRACTION_BITS = 30;

interface Trial {
  readonly fractionBits: number;
  readonly squaredError: number;
  readonly saturated: number;
}

const roundTo = (value: number, scale: number, most: number): number =>
  Math.max(-most, Math.min(most, Math.round(value * scale)));

function tryScale(values: Float32Array, weightBits: number, fractionBits: number): Trial {
  const scale = 2 ** fractionBits;
  const most = 2 ** (weightBits - 1) - 1;
  let squaredError = 0;
  let saturated = 0;
  for (const value of values) {
    if (Math.abs(value * scale) > most + 0.5) saturated++;
    squaredError += (roundTo(value, scale, most) / scale - value) ** 2;
  }
  return { fractionBits, squaredError, saturated };
}

/** The finest scale that saturates nothing. */
function safeScale(values: Float32Array, weightBits: number): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const whole = 2 ** (weightBits - 1) - 1;
  const safe = largest === 0 ? 0 : Math.floor(Math.log2(whole / largest));
  return Math.max(0, Math.min(MOST_FRACTION_BITS, safe));
}

/** The scale of least squared error among those of at most so many fraction bits. */
function bestScale(values: Float32Array, weightBits: number, mostFractionBits: number): Trial {
  const first = safeScale(values, weightBits);
  const trials = Array.from({ length: FINER_SCALES + 1 }, (_, i) =>
    tryScale(values, weightBits, Math.min(mostFractionBits, first + i)),
  );
  return trials.reduce((best, trial) => (trial.squaredError < best.squaredError ? trial : best));
}

export interface Quantized {
  readonly matrix: QuantizedMatrix;
  readonly report: QuantizationReport;
}

type Size = readonly [rows: number, columns: number];

const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);

const relative = (squaredError: number, values: Float32Array): number =>
  squaredError === 0 ? 0 : Math.sqrt(squaredError / squares(values));

/**
 * Quantizes a table of `rows` × `columns` with one scale that saturates nothing. The rows with the largest numbers are those of [CLS], [SEP],
 * commas and the like, which every text has: a scale of least squared error over the whole vocabulary would cut just them.
 */
export function quantizeTable(
  name: string,
  values: Float32Array,
  [inputs, outputs]: Size,
  weightBits: number,
): Quantized {
  const { fractionBits, squaredError, saturated } = tryScale(
    values,
    weightBits,
    safeScale(values, weightBits),
  );
  const scale = 2 ** fractionBits;
  const most = 2 ** (weightBits - 1) - 1;
  const integers = Int16Array.from(values, (value) => roundTo(value, scale, most));
  const numbers = values.length;
  return {
    matrix: { inputs, outputs, weightBits, fractionBits, values: integers },
    report: {
      name,
      weightBits,
      fractionBits,
      saturated,
      numbers,
      relativeError: relative(squaredError, values),
    },
  };
}

/** Bits of an integer as it is stored. */
const MOST_STORED_BITS = 16;

/** The finest scale of all rows that are not zero, at most so much finer than the coarsest that integers can be stored. */
function commonScale(trials: readonly (Trial | null)[], weightBits: number): number {
  const scales = trials.flatMap((trial) => trial?.fractionBits ?? []);
  if (scales.length === 0) return 0;
  return Math.min(Math.max(...scales), Math.min(...scales) + MOST_STORED_BITS - weightBits);
}

/**
 * Quantizes the weights of a linear layer, Hugging Face's [outputs, inputs], to [inputs, outputs], every output with a scale of its
 * own: pretrained encoders have single outputs with weights a hundred times those of the others, and one scale for all leaves
 * these with two bits. Integers stand at the finest scale, those of coarser outputs with zeros at their end, so that the
 * product needs to know nothing of it: neither party learns which outputs are coarse, and as few integers are large, the
 * noise of the product hardly grows (`normBits`). `mostFractionBits`: what the ring of the product has room for.
 */
export function quantizeLinear(
  name: string,
  values: Float32Array,
  size: Size,
  weightBits: number,
  mostFractionBits = MOST_FRACTION_BITS,
): Quantized {
  const [outputs, inputs] = size;
  const rows = Array.from({ length: outputs }, (_, row) => values.subarray(row * inputs, (row + 1) * inputs));
  const trials = rows.map((row) =>
    row.some((value) => value !== 0) ? bestScale(row, weightBits, mostFractionBits) : null,
  );
  const fractionBits = commonScale(trials, weightBits);
  const most = 2 ** (weightBits - 1) - 1;
  const integers = new Int16Array(values.length);
  let [squaredError, saturated, zeros] = [0, 0, 0];
  rows.forEach((row, output) => {
    const trial =
      trials[output] && tryScale(row, weightBits, Math.min(trials[output].fractionBits, fractionBits));
    if (!trial) return;
    squaredError += trial.squaredError;
    saturated += trial.saturated;
    const shift = fractionBits - trial.fractionBits;
    zeros = Math.max(zeros, shift);
    row.forEach((value, input) => {
      integers[input * outputs + output] = roundTo(value, 2 ** trial.fractionBits, most) * 2 ** shift;
    });
  });
  const normBits = columnNormBits(integers, outputs);
  const storedBits = weightBits + zeros;
  const numbers = values.length;
  return {
    matrix: { inputs, outputs, weightBits: storedBits, fractionBits, normBits, values: integers },
    report: {
      name,
      weightBits: storedBits,
      fractionBits,
      saturated,
      numbers,
      relativeError: relative(squaredError, values),
    },
  };
}

/** The numbers that a quantized matrix stands for, in the layout that it was made from. */
export function dequantize(matrix: QuantizedMatrix, transposed: boolean): Float32Array<ArrayBuffer> {
  const { inputs, outputs, fractionBits, values } = matrix;
  const floats = new Float32Array(values.length);
  for (let i = 0; i < inputs; i++)
    for (let j = 0; j < outputs; j++)
      floats[transposed ? j * inputs + i : i * outputs + j] = values[i * outputs + j]! / 2 ** fractionBits;
  return floats;
}
