/**
 * The local half of `Backend` on shapes alone: tensors without words. What stands above the seam runs on it unchanged as
 * far as public shapes go, so that it can be counted without computing anything.
 */

import { describe, expectSameFormat } from '../backends/local-backend.js';
import { TensorMismatchError } from '../core/errors.js';
import { replaceAxis } from '../core/layout.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../core/shape.js';
import type { PrivateTensor, SharedBits, SharedTensor } from '../core/tensors.js';

export const shapeOnly = (shape: Shape, { ringBits, fractionBits }: RingFormat): SharedTensor => ({
  kind: 'arithmetic',
  shape,
  ringBits,
  fractionBits,
});

export const bitsOnly = (shape: Shape): SharedBits => ({ kind: 'boolean', shape });

/** The shape of parts side by side along an axis. */
function concatShapes(shapes: readonly Shape[], axis: number): Shape {
  const extent = shapes.reduce((sum, shape) => sum + shape[axis]!, 0);
  return replaceAxis(shapes[0]!, axis, extent);
}

function expectShape(operation: string, expected: Shape, got: Shape): void {
  if (!sameShape(expected, got))
    throw new TensorMismatchError(`${operation}: expected ${formatShape(expected)}, got ${formatShape(got)}`);
}

export abstract class ShapeBackend {
  add(x: SharedTensor, y: SharedTensor): SharedTensor {
    expectSameFormat('add', x, y);
    expectShape('add', x.shape, y.shape);
    return x;
  }

  subtract(x: SharedTensor, y: SharedTensor): SharedTensor {
    expectSameFormat('subtract', x, y);
    expectShape('subtract', x.shape, y.shape);
    return x;
  }

  negate = (x: SharedTensor): SharedTensor => x;
  addPublic = (x: SharedTensor, _value: number | Float64Array): SharedTensor => x;

  addPrivate(x: SharedTensor, value: PrivateTensor): SharedTensor {
    expectSameFormat('addPrivate', x, value);
    return x;
  }

  scale({ shape, ringBits, fractionBits }: SharedTensor, _factor: number, bits: number): SharedTensor {
    return shapeOnly(shape, { ringBits, fractionBits: fractionBits + bits });
  }

  reinterpret({ shape, ringBits }: SharedTensor, fractionBits: number): SharedTensor {
    return shapeOnly(shape, { ringBits, fractionBits });
  }

  shiftLeft(x: SharedTensor, bits: number): SharedTensor {
    return this.scale(x, 1, bits);
  }

  expand(x: SharedTensor, bits: number): SharedTensor {
    return shapeOnly(x.shape, { ringBits: x.ringBits + bits, fractionBits: x.fractionBits + bits });
  }

  sum(x: SharedTensor, axis: number): SharedTensor {
    return shapeOnly(
      x.shape.filter((_, i) => i !== axis),
      x,
    );
  }

  slice(x: SharedTensor, axis: number, begin: number, end: number): SharedTensor {
    return shapeOnly(replaceAxis(x.shape, axis, end - begin), x);
  }

  concat(parts: readonly SharedTensor[], axis: number): SharedTensor {
    for (const part of parts) expectSameFormat('concat', parts[0]!, part);
    return shapeOnly(
      concatShapes(
        parts.map(({ shape }) => shape),
        axis,
      ),
      parts[0]!,
    );
  }

  reshape(x: SharedTensor, shape: Shape): SharedTensor {
    if (sizeOf(x.shape) !== sizeOf(shape))
      throw new TensorMismatchError(
        `reshape: expected the size of ${describe(x)}, got ${formatShape(shape)}`,
      );
    return shapeOnly(shape, x);
  }

  transpose(x: SharedTensor, permutation: readonly number[]): SharedTensor {
    return shapeOnly(
      permutation.map((axis) => x.shape[axis]!),
      x,
    );
  }

  gatherRows(x: SharedTensor, rows: Uint32Array): SharedTensor {
    return shapeOnly(replaceAxis(x.shape, 0, rows.length), x);
  }

  broadcastRows(x: SharedTensor, rows: number): SharedTensor {
    return shapeOnly([rows, ...x.shape], x);
  }

  narrow({ shape, fractionBits, ringBits: from }: SharedTensor, ringBits: number): SharedTensor {
    if (ringBits > from)
      throw new TensorMismatchError(`narrow: expected at most ${from} bits, got ${ringBits}`);
    return shapeOnly(shape, { ringBits, fractionBits });
  }

  truncateReduce({ shape, ringBits, fractionBits }: SharedTensor, bits: number): SharedTensor {
    return shapeOnly(shape, { ringBits: ringBits - bits, fractionBits: fractionBits - bits });
  }

  constant(_: Float64Array | number, shape: Shape, ringBits: number, fractionBits: number): SharedTensor {
    return shapeOnly(shape, { ringBits, fractionBits });
  }

  xor(a: SharedBits, b: SharedBits): SharedBits {
    expectShape('xor', a.shape, b.shape);
    return a;
  }

  not = (a: SharedBits): SharedBits => a;

  sliceBits({ shape }: SharedBits, axis: number, begin: number, end: number): SharedBits {
    return bitsOnly(replaceAxis(shape, axis, end - begin));
  }

  concatBits(parts: readonly SharedBits[], axis: number): SharedBits {
    return bitsOnly(
      concatShapes(
        parts.map(({ shape }) => shape),
        axis,
      ),
    );
  }

  reshapeBits(_: SharedBits, shape: Shape): SharedBits {
    return bitsOnly(shape);
  }
}
