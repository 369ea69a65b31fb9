/**
 * The local half of `Backend` on shapes alone: tensors without words. What stands above the seam runs on it unchanged as
 * far as public shapes go, so that it can be counted without computing anything.
 */
import type { LocalOperations } from '../backends/backend.js';
import * as operations from '../backends/operations.js';
import type { Shape } from '../core/shape.js';
import type { PrivateTensor, SharedBits, SharedTensor } from '../core/tensors.js';

export const shapeOnly = ({ shape, ringBits, fractionBits }: operations.TensorFormat): SharedTensor => ({
  kind: 'arithmetic',
  shape,
  ringBits,
  fractionBits,
});

export const bitsOnly = (shape: Shape): SharedBits => ({ kind: 'boolean', shape });

export abstract class ShapeBackend implements LocalOperations {
  add = (x: SharedTensor, y: SharedTensor) => shapeOnly(operations.elementwise('add', x, y));
  subtract = (x: SharedTensor, y: SharedTensor) => shapeOnly(operations.elementwise('subtract', x, y));
  negate = (x: SharedTensor) => x;
  addPublic = (x: SharedTensor, value: number | Float64Array) => shapeOnly(operations.addPublic(x, value));
  addPrivate = (x: SharedTensor, value: PrivateTensor) => shapeOnly(operations.addPrivate(x, value));
  scale = (x: SharedTensor, _factor: number, bits: number) => shapeOnly(operations.scale(x, bits));
  combine = (x: SharedTensor, factors: readonly number[], bits: number) =>
    shapeOnly(operations.combine(x, factors, bits));
  reinterpret = (x: SharedTensor, bits: number) => shapeOnly(operations.reinterpret(x, bits));
  shiftLeft = (x: SharedTensor, bits: number) => shapeOnly(operations.scale(x, bits));
  expand = (x: SharedTensor, bits: number) => shapeOnly(operations.expand(x, bits));
  sum = (x: SharedTensor, axis: number) => shapeOnly(operations.sum(x, axis));
  slice = (x: SharedTensor, axis: number, begin: number, end: number) =>
    shapeOnly(operations.slice(x, axis, begin, end));
  concat = (parts: readonly SharedTensor[], axis: number) => shapeOnly(operations.concat(parts, axis));
  reshape = (x: SharedTensor, shape: Shape) => shapeOnly(operations.reshape(x, shape));
  transpose = (x: SharedTensor, axes: readonly number[]) => shapeOnly(operations.transpose(x, axes));
  gatherRows = (x: SharedTensor, rows: Uint32Array) => shapeOnly(operations.gatherRows(x, rows));
  broadcastRows = (x: SharedTensor, rows: number) => shapeOnly(operations.broadcastRows(x, rows));
  narrow = (x: SharedTensor, ringBits: number) => shapeOnly(operations.narrow(x, ringBits));
  narrowLoosely = (x: SharedTensor, ringBits: number, _range: number) =>
    shapeOnly(operations.narrow(x, ringBits));
  truncateReduce = (x: SharedTensor, bits: number) => shapeOnly(operations.truncate(x, bits));
  constant = (_: Float64Array | number, shape: Shape, ringBits: number, fractionBits: number) =>
    shapeOnly({ shape, ringBits, fractionBits });
  xor = (a: SharedBits, b: SharedBits) => bitsOnly(operations.bitwise('xor', a, b));
  not = (a: SharedBits) => a;
  sliceBits = (a: SharedBits, axis: number, begin: number, end: number) =>
    bitsOnly(operations.sliceBits(a, axis, begin, end));
  concatBits = (parts: readonly SharedBits[], axis: number) => bitsOnly(operations.concatBits(parts, axis));
  reshapeBits = (a: SharedBits, shape: Shape) => bitsOnly(operations.reshapeBits(a, shape));
}
