/** Real numbers to ring elements and back. */
import { kernels } from '#kernels';
import { TensorMismatchError } from './errors.js';
import { formatShape, type Shape, sizeOf } from './shape.js';
import type { PartyId, PrivateTensor, RingTensor } from './tensors.js';

/** A ring with a scale: integers modulo 2^ringBits stand for value / 2^fractionBits. */
export interface RingFormat {
  readonly ringBits: number;
  readonly fractionBits: number;
}

/**
 * Rounds to nearest.
 * @throws TensorMismatchError if the count is not the shape's, or if a value does not fit the ring
 */
export function encode(values: Float64Array, shape: Shape, format: RingFormat): RingTensor {
  if (values.length !== sizeOf(shape)) {
    throw new TensorMismatchError(
      `encode: expected ${sizeOf(shape)} values for ${formatShape(shape)}, got ${values.length}`,
    );
  }
  const { ringBits, fractionBits } = format;
  const data = new BigUint64Array(values.length);
  const saturated = kernels.ringFromFloat(values, ringBits, fractionBits, data);
  if (saturated > 0) {
    throw new TensorMismatchError(
      `encode: expected values below 2^${ringBits - 1 - fractionBits} in magnitude, got ${saturated} larger`,
    );
  }
  return { shape, ringBits, fractionBits, data };
}

export function decode({ data, ringBits, fractionBits }: RingTensor): Float64Array {
  const values = new Float64Array(data.length);
  kernels.ringToFloat(data, ringBits, fractionBits, values);
  return values;
}

/** A tensor that `owner` knows; others pass null and learn its format only. */
export function privateTensor(
  owner: PartyId,
  shape: Shape,
  format: RingFormat,
  values: Float64Array | null,
): PrivateTensor {
  const { ringBits, fractionBits } = format;
  const value = values === null ? null : encode(values, shape, format);
  return { kind: 'private', owner, shape, ringBits, fractionBits, value };
}

/** The same values modulo 2^ringBits, no less than before. */
export function inLargerRing(x: PrivateTensor, ringBits: number): PrivateTensor {
  if (ringBits === x.ringBits) return x;
  const data = x.value && new BigUint64Array(x.value.data.length);
  if (data) kernels.ringSignExtend(x.value!.data, x.ringBits, ringBits, data);
  return { ...x, ringBits, value: data && { ...x.value!, ringBits, data } };
}
