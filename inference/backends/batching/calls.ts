/**
 * Every communicating operation as a call that merges: elementwise operations lie side by side, rows below each other,
 * matrices of one shape in one batch. A merged call gives each lane what it would have got alone.
 */
import { type Shape, sizeOf } from '../../core/shape.js';
import type { RingFormat } from '../../core/ring-tensor.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import type {
  Backend,
  LeakName,
  MadeRows,
  RowShifts,
  ShuffleMaterial,
  ShuffleRows,
  Sign,
  Wanted,
  Weight,
  WeightSource,
} from '../backend.js';
import * as operations from '../operations.js';
import type { Call } from './call.js';
import { cutBits, cutElements, cutTensor, joinBits, joinPrivate, joinTensors } from './merge.js';

/** What one operation over several inputs is made of. */
interface Merging<Input, Output> {
  readonly key: string | null;
  readonly operand?: object;
  readonly input: Input;
  readonly run: (mpc: Backend, input: Input) => Promise<Output>;
  /** All inputs as one; local. */
  readonly join: (mpc: Backend, inputs: readonly Input[]) => Input;
  /** The output of all as one for each; local. */
  readonly cut: (mpc: Backend, output: Output, inputs: readonly Input[]) => readonly Output[];
}

/** An input that is alone goes to the backend as it is. */
const merged = <Input, Output>({ run, join, cut, ...call }: Merging<Input, Output>): Call<Input, Output> => ({
  ...call,
  run: async (mpc, inputs) =>
    inputs.length === 1 ? [await run(mpc, inputs[0]!)] : cut(mpc, await run(mpc, join(mpc, inputs)), inputs),
});

/** A call that goes at the same time as others, not together with them. */
const separate = <Input, Output>(
  input: Input,
  run: (mpc: Backend, input: Input) => Promise<Output>,
): Call<Input, Output> => ({ key: null, input, run: async (mpc) => [await run(mpc, input)] });

const format = ({ ringBits, fractionBits }: RingFormat): string => `${ringBits}.${fractionBits}`;

/** What products are cut to. */
const cutTo = (into: RingFormat | undefined): string => (into ? format(into) : '');

const shapesOf = (parts: readonly { readonly shape: Shape }[]): readonly Shape[] =>
  parts.map(({ shape }) => shape);

const cutLike = (mpc: Backend, output: SharedTensor, inputs: readonly { readonly shape: Shape }[]) =>
  cutTensor(mpc, output, shapesOf(inputs));

/** One tensor in, one of its shape out. */
const elementwise = (
  call: Pick<Merging<SharedTensor, SharedTensor>, 'key' | 'operand' | 'input' | 'run'>,
): Call<SharedTensor, SharedTensor> => merged({ ...call, join: joinTensors, cut: cutLike });

export const widenCall = (x: SharedTensor, ringBits: number) =>
  elementwise({
    key: `widen ${format(x)} ${ringBits}`,
    input: x,
    run: (mpc, all) => mpc.widen(all, ringBits),
  });

export const roundCall = (x: SharedTensor, bits: number) =>
  elementwise({ key: `round ${format(x)} ${bits}`, input: x, run: (mpc, all) => mpc.round(all, bits) });

export const squareCall = (x: SharedTensor, ringBits?: number, sign?: Sign, into?: RingFormat) =>
  elementwise({
    key: `square ${format(x)} ${ringBits} ${sign} ${cutTo(into)}`,
    input: x,
    run: (mpc, all) => mpc.square(all, ringBits, sign, into),
  });

export const lookUpCall = (x: SharedTensor, table: RingTensor) =>
  elementwise({
    key: `lookUp ${format(x)}`,
    operand: table,
    input: x,
    run: (mpc, all) => mpc.lookUp(all, table),
  });

export const exponentialCall = (x: SharedTensor, fractionBits: number) =>
  elementwise({
    key: `exponential ${format(x)} ${fractionBits}`,
    input: x,
    run: (mpc, all) => mpc.exponential(all, fractionBits),
  });

/** The function is the same for all lanes of a table. */
export const linesCall = (...[x, table, otherwise]: Parameters<NonNullable<Backend['lines']>>) =>
  elementwise({
    key: `lines ${format(x)}`,
    operand: table,
    input: x,
    run: (mpc, all) => mpc.lines!(all, table, otherwise),
  });

/** The same steps for all lanes; rows lie below each other. */
export const largestCall = (...[x, steps, otherwise]: Parameters<NonNullable<Backend['largest']>>) =>
  merged<SharedTensor, SharedTensor>({
    key: `largest ${format(x)} ${x.shape[1]} ${steps.map(({ by }) => by)}`,
    input: x,
    join: (mpc, inputs) => joinTensors(mpc, inputs, x.shape[1]),
    run: (mpc, all) => mpc.largest!(all, steps, otherwise),
    cut: (mpc, output, inputs) =>
      cutTensor(
        mpc,
        output,
        inputs.map(({ shape }) => [shape[0]!]),
      ),
  });

/** What is public of an operation, and not one of its objects. */
const wantedKey = (wanted: Wanted): string =>
  JSON.stringify(wanted, (_, value) => (value?.kind === 'private' || value?.index ? null : value));

/** Objects that all lanes share. */
const privateFactorsOf = (wanted: Wanted): PrivateTensor | undefined =>
  wanted.flat(2).flatMap((one) => (one.kind === 'multiplyPrivate' ? [one.factors] : []))[0];

/** The same ways for all lanes with the same factors; rows lie below each other. */
export const ifMadeCall = (...[x, wanted, ahead, otherwise]: Parameters<NonNullable<Backend['ifMade']>>) =>
  merged<SharedTensor, MadeRows>({
    key: `ifMade ${format(x)} ${x.shape[1]} ${wantedKey(wanted)}`,
    ...(privateFactorsOf(wanted) && { operand: privateFactorsOf(wanted)! }),
    input: x,
    join: (mpc, inputs) => joinTensors(mpc, inputs, x.shape[1]),
    run: (mpc, all) => mpc.ifMade!(all, wanted, ahead, otherwise),
    cut(mpc, { isAhead, tensors }, inputs) {
      const cutRows = tensors.map((tensor) =>
        cutTensor(
          mpc,
          tensor,
          inputs.map(({ shape }) => [shape[0]!, ...tensor.shape.slice(1)]),
        ),
      );
      return inputs.map((_, lane) => ({ isAhead, tensors: cutRows.map((lanes) => lanes[lane]!) }));
    },
  });

export const isNegativeCall = (x: SharedTensor) =>
  merged<SharedTensor, SharedBits>({
    key: `isNegative ${format(x)}`,
    input: x,
    join: joinTensors,
    run: (mpc, all) => mpc.isNegative(all),
    cut: (mpc, bits, inputs) => cutBits(mpc, bits, shapesOf(inputs)),
  });

interface TensorAndShifts {
  readonly x: SharedTensor;
  readonly copies: readonly RowShifts[];
}

/** Values for the elements of a tensor. */
const elementShifts = (shifts: RowShifts, shape: Shape): RowShifts =>
  shifts.map(({ rows, value }) => ({ rows: rows * sizeOf(shape.slice(1)), value }));

const tensorsOf = (inputs: readonly { readonly x: SharedTensor }[]): SharedTensor[] =>
  inputs.map(({ x }) => x);

/** Lanes lie side by side in each copy. */
export const areNegativeCall = (x: SharedTensor, copies: readonly RowShifts[]) =>
  merged<TensorAndShifts, SharedBits>({
    key: `areNegative ${format(x)} ${copies.length}`,
    input: { x, copies },
    join: (mpc, inputs) => ({
      x: joinTensors(mpc, tensorsOf(inputs)),
      copies: copies.map((_, copy) =>
        inputs.flatMap((input) => elementShifts(input.copies[copy]!, input.x.shape)),
      ),
    }),
    run: (mpc, all) => mpc.areNegative(all.x, all.copies),
    cut: (mpc, bits, inputs) => {
      let end = 0;
      return tensorsOf(inputs).map(({ shape }) => {
        const begin = end;
        end += sizeOf(shape);
        return mpc.reshapeBits(mpc.sliceBits(bits, 1, begin, end), [copies.length, ...shape]);
      });
    },
  });

export const toArithmeticCall = (bits: SharedBits, ringBits: number) =>
  merged<SharedBits, SharedTensor>({
    key: `toArithmetic ${ringBits}`,
    input: bits,
    join: joinBits,
    run: (mpc, all) => mpc.toArithmetic(all, ringBits),
    cut: cutLike,
  });

interface BitPair {
  readonly a: SharedBits;
  readonly b: SharedBits;
}

export function andCall(a: SharedBits, b: SharedBits) {
  operations.bitwise('and', a, b);
  const firsts = (inputs: readonly BitPair[]) => inputs.map((input) => input.a);
  const seconds = (inputs: readonly BitPair[]) => inputs.map((input) => input.b);
  return merged<BitPair, SharedBits>({
    key: 'and',
    input: { a, b },
    join: (mpc, inputs) => ({ a: joinBits(mpc, firsts(inputs)), b: joinBits(mpc, seconds(inputs)) }),
    run: (mpc, all) => mpc.and(all.a, all.b),
    cut: (mpc, bits, inputs) => cutBits(mpc, bits, shapesOf(firsts(inputs))),
  });
}

interface TensorPair {
  readonly x: SharedTensor;
  readonly y: SharedTensor;
}

const factorsOf = (inputs: readonly TensorPair[]): SharedTensor[] => inputs.map(({ y }) => y);

/** Elements of x for each of y. */
const widthOf = (x: Shape, y: Shape): number => (sizeOf(y) === 0 ? 0 : sizeOf(x) / sizeOf(y));

/** Rows of all tensors below each other; single elements side by side. */
const joinRows = (mpc: Backend, inputs: readonly { readonly x: SharedTensor }[], width: number) =>
  joinTensors(mpc, tensorsOf(inputs), width === 1 ? undefined : width);

/** x [n, ...] and y [n, ...] of all lanes as [N, width] and [N], or both as [N]. */
export function multiplyCall(
  x: SharedTensor,
  y: SharedTensor,
  sign?: Sign,
  yBits?: number,
  into?: RingFormat,
) {
  operations.multiply(x, y);
  const width = widthOf(x.shape, y.shape);
  return merged<TensorPair, SharedTensor>({
    key: width === 0 ? null : `multiply ${format(x)} ${format(y)} ${width} ${sign} ${yBits} ${cutTo(into)}`,
    input: { x, y },
    join: (mpc, inputs) => ({ x: joinRows(mpc, inputs, width), y: joinTensors(mpc, factorsOf(inputs)) }),
    run: (mpc, all) => mpc.multiply(all.x, all.y, sign, yBits, into),
    cut: (mpc, output, inputs) => cutLike(mpc, output, tensorsOf(inputs)),
  });
}

export function multiplyPrivateCall(x: SharedTensor, y: PrivateTensor, into?: RingFormat) {
  operations.multiplyPrivate(x, y);
  const count = y.shape[0]!;
  return merged<SharedTensor, SharedTensor>({
    key: count === 0 ? null : `multiplyPrivate ${format(x)} ${cutTo(into)}`,
    operand: y,
    input: x,
    join: (mpc, inputs) => joinTensors(mpc, inputs, count),
    run: (mpc, all) => mpc.multiplyPrivate(all, y, into),
    cut: cutLike,
  });
}

interface BitsAndTensor {
  readonly bits: SharedBits;
  readonly x: SharedTensor;
}

export function multiplexCall(bits: SharedBits, x: SharedTensor, ringBits = x.ringBits) {
  operations.multiplex(bits, x, ringBits);
  const width = widthOf(x.shape, bits.shape);
  const selectors = (inputs: readonly BitsAndTensor[]) => inputs.map((input) => input.bits);
  return merged<BitsAndTensor, SharedTensor>({
    key: width === 0 ? null : `multiplex ${format(x)} ${width} ${ringBits}`,
    input: { bits, x },
    join: (mpc, inputs) => ({
      bits: joinBits(mpc, selectors(inputs)),
      x: joinRows(mpc, inputs, width),
    }),
    run: (mpc, all) => mpc.multiplex(all.bits, all.x, ringBits),
    cut: (mpc, output, inputs) => cutLike(mpc, output, tensorsOf(inputs)),
  });
}

/** Rows of all lanes below each other: one product. */
export function linearCall(x: SharedTensor, w: Weight, into?: RingFormat) {
  operations.linear(x, w);
  return merged<SharedTensor, SharedTensor>({
    key: `linear ${format(x)} ${cutTo(into)}`,
    operand: w,
    input: x,
    join: (mpc, inputs) => mpc.concat(inputs, 0),
    run: (mpc, all) => mpc.linear(all, w, into),
    cut: (mpc, output, inputs) =>
      cutLike(
        mpc,
        output,
        inputs.map((input) => operations.linear(input, w)),
      ),
  });
}

/** Matrices of one shape are one batch; others go at the same time, not together. */
export function matmulCall(x: SharedTensor, y: SharedTensor, into?: RingFormat) {
  operations.matmul(x, y);
  return merged<TensorPair, SharedTensor>({
    key: `matmul ${format(x)} ${format(y)} ${x.shape.slice(1)} ${y.shape.slice(1)} ${cutTo(into)}`,
    input: { x, y },
    join: (mpc, inputs) => ({
      x: mpc.concat(tensorsOf(inputs), 0),
      y: mpc.concat(factorsOf(inputs), 0),
    }),
    run: (mpc, all) => mpc.matmul(all.x, all.y, into),
    cut: (mpc, output, inputs) =>
      cutLike(
        mpc,
        output,
        inputs.map((input) => operations.matmul(input.x, input.y)),
      ),
  });
}

/** A permutation moves the rows of one lane only. */
export const shuffleCall = (rows: ShuffleRows, material?: ShuffleMaterial | null) =>
  separate(rows, (mpc, input) => mpc.shuffle(input, material));

export const prepareShuffleCall = (rows: number) =>
  separate(rows, (mpc, count) => mpc.prepareShuffle!(count));

export const prepareCall = (source: WeightSource) => separate(source, (mpc, input) => mpc.prepare(input));

export const shareCall = (x: PrivateTensor) =>
  merged<PrivateTensor, SharedTensor>({
    key: `share ${x.owner} ${format(x)}`,
    input: x,
    join: (_, inputs) => joinPrivate(inputs),
    run: (mpc, all) => mpc.share(all),
    cut: cutLike,
  });

export const revealCall = (x: SharedTensor, to: PartyId | 'all', leak: LeakName) =>
  merged<SharedTensor, RingTensor | null>({
    key: `reveal ${format(x)} ${to} ${leak}`,
    input: x,
    join: joinTensors,
    run: (mpc, all) => mpc.reveal(all, to, leak),
    cut: (_, opened, inputs) => {
      if (opened === null) return inputs.map(() => null);
      const shapes = shapesOf(inputs);
      return cutElements(opened.data, shapes).map((data, i) => ({ ...opened, shape: shapes[i]!, data }));
    },
  });

export const revealBitsCall = (bits: SharedBits, to: PartyId | 'all', leak: LeakName) =>
  merged<SharedBits, Uint8Array | null>({
    key: `revealBits ${to} ${leak}`,
    input: bits,
    join: joinBits,
    run: (mpc, all) => mpc.revealBits(all, to, leak),
    cut: (_, opened, inputs) =>
      opened === null ? inputs.map(() => null) : cutElements(opened, shapesOf(inputs)),
  });
