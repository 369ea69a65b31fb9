/**
 * Every communicating operation as a call that merges: elementwise operations lie side by side, rows below each other,
 * matrices of one shape in one batch. A merged call gives each lane what it would have got alone.
 */
import { TensorMismatchError } from '../../core/errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../../core/shape.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import type { Backend, LeakName, RowShifts, ShuffleRows, Sign, Weight, WeightSource } from '../backend.js';
import type { Call } from './call.js';
import { cutBits, cutElements, cutTensor, joinBits, joinPrivate, joinTensors } from './merge.js';

type TensorCall<Input = SharedTensor> = Call<Input, SharedTensor>;

const format = ({ ringBits, fractionBits }: SharedTensor | PrivateTensor): string =>
  `${ringBits}.${fractionBits}`;
const shapesOf = (parts: readonly { readonly shape: Shape }[]): readonly Shape[] =>
  parts.map(({ shape }) => shape);

function expectShape(operation: string, fits: boolean, expected: Shape, got: Shape): void {
  if (fits) return;
  throw new TensorMismatchError(
    `${operation}: expected a part of ${formatShape(expected)}, got ${formatShape(got)}`,
  );
}

const isPrefix = (prefix: Shape, shape: Shape): boolean =>
  prefix.length <= shape.length && sameShape(prefix, shape.slice(0, prefix.length));

/** One call goes to the backend as it is; several are joined, and the result is cut. */
const elementwise =
  (operation: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>) =>
  async (mpc: Backend, inputs: readonly SharedTensor[]): Promise<readonly SharedTensor[]> =>
    inputs.length === 1
      ? [await operation(mpc, inputs[0]!)]
      : cutTensor(mpc, await operation(mpc, joinTensors(mpc, inputs)), shapesOf(inputs));

export const widenCall = (x: SharedTensor, ringBits: number): TensorCall => ({
  key: `widen ${format(x)} ${ringBits}`,
  input: x,
  run: elementwise((mpc, all) => mpc.widen(all, ringBits)),
});

export const roundCall = (x: SharedTensor, bits: number): TensorCall => ({
  key: `round ${format(x)} ${bits}`,
  input: x,
  run: elementwise((mpc, all) => mpc.round(all, bits)),
});

export const squareCall = (x: SharedTensor, ringBits?: number, sign?: Sign): TensorCall => ({
  key: `square ${format(x)} ${ringBits} ${sign}`,
  input: x,
  run: elementwise((mpc, all) => mpc.square(all, ringBits, sign)),
});

export const isNegativeCall = (x: SharedTensor): Call<SharedTensor, SharedBits> => ({
  key: `isNegative ${format(x)}`,
  input: x,
  run: async (mpc, inputs) =>
    inputs.length === 1
      ? [await mpc.isNegative(inputs[0]!)]
      : cutBits(mpc, await mpc.isNegative(joinTensors(mpc, inputs)), shapesOf(inputs)),
});

interface TensorAndShifts {
  readonly x: SharedTensor;
  readonly copies: readonly RowShifts[];
}

/** Values for the elements of a tensor. */
const elementShifts = (shifts: RowShifts, shape: Shape): RowShifts =>
  shifts.map(({ rows, value }) => ({ rows: rows * sizeOf(shape.slice(1)), value }));

/** Lanes lie side by side in each copy. */
export function areNegativeCall(
  x: SharedTensor,
  copies: readonly RowShifts[],
): Call<TensorAndShifts, SharedBits> {
  const count = copies.length;
  return {
    key: `areNegative ${format(x)} ${count}`,
    input: { x, copies },
    run: async (mpc, inputs) => {
      if (inputs.length === 1) return [await mpc.areNegative(x, copies)];
      const all = copies.map((_, copy) =>
        inputs.flatMap((input) => elementShifts(input.copies[copy]!, input.x.shape)),
      );
      const tensors = inputs.map((input) => input.x);
      const bits = await mpc.areNegative(joinTensors(mpc, tensors), all);
      let end = 0;
      return tensors.map(({ shape }) => {
        const begin = end;
        end += sizeOf(shape);
        return mpc.reshapeBits(mpc.sliceBits(bits, 1, begin, end), [count, ...shape]);
      });
    },
  };
}

export const toArithmeticCall = (bits: SharedBits, ringBits: number): Call<SharedBits, SharedTensor> => ({
  key: `toArithmetic ${ringBits}`,
  input: bits,
  run: async (mpc, inputs) =>
    inputs.length === 1
      ? [await mpc.toArithmetic(inputs[0]!, ringBits)]
      : cutTensor(mpc, await mpc.toArithmetic(joinBits(mpc, inputs), ringBits), shapesOf(inputs)),
});

interface BitPair {
  readonly a: SharedBits;
  readonly b: SharedBits;
}

export function andCall(a: SharedBits, b: SharedBits): Call<BitPair, SharedBits> {
  expectShape('and', sameShape(a.shape, b.shape), a.shape, b.shape);
  return {
    key: 'and',
    input: { a, b },
    run: async (mpc, inputs) => {
      if (inputs.length === 1) return [await mpc.and(a, b)];
      const [left, right] = [inputs.map((input) => input.a), inputs.map((input) => input.b)];
      return cutBits(mpc, await mpc.and(joinBits(mpc, left), joinBits(mpc, right)), shapesOf(left));
    },
  };
}

interface TensorPair {
  readonly x: SharedTensor;
  readonly y: SharedTensor;
}

/** Elements of x for each of y. */
const widthOf = (x: Shape, y: Shape): number => (sizeOf(y) === 0 ? 0 : sizeOf(x) / sizeOf(y));

/** x [n, ...] and y [n, ...] of all lanes as [N, width] and [N], or both as [N]. */
export function multiplyCall(x: SharedTensor, y: SharedTensor, sign?: Sign): TensorCall<TensorPair> {
  expectShape('multiply', isPrefix(y.shape, x.shape), x.shape, y.shape);
  const width = widthOf(x.shape, y.shape);
  return {
    key: width === 0 ? null : `multiply ${format(x)} ${format(y)} ${width} ${sign}`,
    input: { x, y },
    run: async (mpc, inputs) => {
      if (inputs.length === 1) return [await mpc.multiply(x, y, sign)];
      const xs = inputs.map((input) => input.x);
      const ys = inputs.map((input) => input.y);
      const all = joinTensors(mpc, xs, width === 1 ? undefined : width);
      return cutTensor(mpc, await mpc.multiply(all, joinTensors(mpc, ys), sign), shapesOf(xs));
    },
  };
}

export function multiplyPrivateCall(x: SharedTensor, y: PrivateTensor): TensorCall {
  const count = y.shape[0] ?? 0;
  expectShape('multiplyPrivate', y.shape.length === 1 && x.shape.at(-1) === count, x.shape, y.shape);
  return {
    key: count === 0 ? null : `multiplyPrivate ${format(x)}`,
    operand: y,
    input: x,
    run: async (mpc, inputs) =>
      inputs.length === 1
        ? [await mpc.multiplyPrivate(x, y)]
        : cutTensor(mpc, await mpc.multiplyPrivate(joinTensors(mpc, inputs, count), y), shapesOf(inputs)),
  };
}

interface BitsAndTensor {
  readonly bits: SharedBits;
  readonly x: SharedTensor;
}

export function multiplexCall(bits: SharedBits, x: SharedTensor): TensorCall<BitsAndTensor> {
  expectShape('multiplex', isPrefix(bits.shape, x.shape), x.shape, bits.shape);
  const width = widthOf(x.shape, bits.shape);
  return {
    key: width === 0 ? null : `multiplex ${format(x)} ${width}`,
    input: { bits, x },
    run: async (mpc, inputs) => {
      if (inputs.length === 1) return [await mpc.multiplex(bits, x)];
      const xs = inputs.map((input) => input.x);
      const selectors = joinBits(
        mpc,
        inputs.map((input) => input.bits),
      );
      const all = joinTensors(mpc, xs, width === 1 ? undefined : width);
      return cutTensor(mpc, await mpc.multiplex(selectors, all), shapesOf(xs));
    },
  };
}

export const lookUpCall = (x: SharedTensor, table: RingTensor): TensorCall => ({
  key: `lookUp ${format(x)}`,
  operand: table,
  input: x,
  run: elementwise((mpc, all) => mpc.lookUp(all, table)),
});

/** Rows of all lanes below each other: one product. */
export function linearCall(x: SharedTensor, w: Weight): TensorCall {
  expectShape('linear', x.shape.length === 2 && x.shape[1] === w.inputs, [x.shape[0]!, w.inputs], x.shape);
  return {
    key: `linear ${format(x)}`,
    operand: w,
    input: x,
    run: async (mpc, inputs) => {
      if (inputs.length === 1) return [await mpc.linear(x, w)];
      const shapes = inputs.map(({ shape }) => [shape[0]!, w.outputs]);
      return cutTensor(mpc, await mpc.linear(mpc.concat(inputs, 0), w), shapes);
    },
  };
}

/** Matrices of one shape are one batch; others go at the same time, not together. */
export const matmulCall = (x: SharedTensor, y: SharedTensor): TensorCall<TensorPair> => ({
  key: `matmul ${format(x)} ${format(y)} ${x.shape.slice(1)} ${y.shape.slice(1)}`,
  input: { x, y },
  run: async (mpc, inputs) => {
    if (inputs.length === 1) return [await mpc.matmul(x, y)];
    const xs = inputs.map((input) => input.x);
    const ys = inputs.map((input) => input.y);
    const shapes = inputs.map((input) => [input.x.shape[0]!, input.x.shape[1]!, input.y.shape[2]!]);
    return cutTensor(mpc, await mpc.matmul(mpc.concat(xs, 0), mpc.concat(ys, 0)), shapes);
  },
});

/** A permutation moves the rows of one lane only: shuffles go at the same time. */
export const shuffleCall = (rows: ShuffleRows): Call<ShuffleRows, ShuffleRows> => ({
  key: null,
  input: rows,
  run: async (mpc) => [await mpc.shuffle(rows)],
});

export const shareCall = (x: PrivateTensor): Call<PrivateTensor, SharedTensor> => ({
  key: `share ${x.owner} ${format(x)}`,
  input: x,
  run: async (mpc, inputs) =>
    inputs.length === 1
      ? [await mpc.share(x)]
      : cutTensor(mpc, await mpc.share(joinPrivate(inputs)), shapesOf(inputs)),
});

export const prepareCall = (source: WeightSource): Call<WeightSource, Weight> => ({
  key: null,
  input: source,
  run: async (mpc) => [await mpc.prepare(source)],
});

export const revealCall = (
  x: SharedTensor,
  to: PartyId | 'all',
  leak: LeakName,
): Call<SharedTensor, RingTensor | null> => ({
  key: `reveal ${format(x)} ${to} ${leak}`,
  input: x,
  run: async (mpc, inputs) => {
    if (inputs.length === 1) return [await mpc.reveal(x, to, leak)];
    const opened = await mpc.reveal(joinTensors(mpc, inputs), to, leak);
    if (opened === null) return inputs.map(() => null);
    const shapes = shapesOf(inputs);
    return cutElements(opened.data, shapes).map((data, i) => ({ ...opened, shape: shapes[i]!, data }));
  },
});

export const revealBitsCall = (
  bits: SharedBits,
  to: PartyId | 'all',
  leak: LeakName,
): Call<SharedBits, Uint8Array | null> => ({
  key: `revealBits ${to} ${leak}`,
  input: bits,
  run: async (mpc, inputs) => {
    if (inputs.length === 1) return [await mpc.revealBits(bits, to, leak)];
    const opened = await mpc.revealBits(joinBits(mpc, inputs), to, leak);
    return opened === null ? inputs.map(() => null) : cutElements(opened, shapesOf(inputs));
  },
});
