/** Float weights → integers of few bits with one power-of-two scale a tensor. */
import type { QuantizedMatrix } from '../model/artifact.js';

/** What rounding did to one tensor. */
export interface QuantizationReport {
  readonly name: string;
  readonly weightBits: number;
  readonly fractionBits: number;
  /** Numbers outside the range of the integers, set to its end. */
  readonly saturated: number;
  readonly numbers: number;
  /** Root mean square error over root mean square value. */
  readonly relativeError: number;
}

/** Finer scales than the one that saturates nothing are tried too: a few cut outliers may cost less than coarse steps. */
const finerScales = 3;
const mostFractionBits = 30;

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

/** The scale of least squared error. */
function bestScale(values: Float32Array, weightBits: number): Trial {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const whole = 2 ** (weightBits - 1) - 1;
  const safe = largest === 0 ? 0 : Math.floor(Math.log2(whole / largest));
  const first = Math.max(0, Math.min(mostFractionBits, safe));
  const trials = Array.from({ length: finerScales + 1 }, (_, i) =>
    tryScale(values, weightBits, Math.min(mostFractionBits, first + i)),
  );
  return trials.reduce((best, trial) => (trial.squaredError < best.squaredError ? trial : best));
}

export interface Quantized {
  readonly matrix: QuantizedMatrix;
  readonly report: QuantizationReport;
}

/**
 * Quantizes a table of `rows` × `columns`; `transpose` turns Hugging Face's [outputs, inputs] into [inputs, outputs].
 */
export function quantize(
  name: string,
  values: Float32Array,
  shape: readonly [rows: number, columns: number],
  weightBits: number,
  transpose: boolean,
): Quantized {
  const [rows, columns] = shape;
  const { fractionBits, squaredError, saturated } = bestScale(values, weightBits);
  const scale = 2 ** fractionBits;
  const most = 2 ** (weightBits - 1) - 1;
  const integers = new Int16Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      integers[transpose ? j * rows + i : i * columns + j] = roundTo(values[i * columns + j]!, scale, most);
  const squares = values.reduce((sum, value) => sum + value * value, 0);
  const [inputs, outputs] = transpose ? [columns, rows] : [rows, columns];
  return {
    matrix: { inputs, outputs, weightBits, fractionBits, values: integers },
    report: {
      name,
      weightBits,
      fractionBits,
      saturated,
      numbers: values.length,
      relativeError: squares === 0 ? 0 : Math.sqrt(squaredError / squares),
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
