/**
 * Small random programs over the seam, exact on every backend: a list of steps drawn by fast-check, run on a tensor whose
 * length differs from lane to lane, with loops and rings that depend on that length.
 */
import fc from 'fast-check';
import type { Backend, Weight } from '../../../../inference/backends/backend.js';
import { protocol } from '../../../../inference/core/span.js';
import type { RingTensor, SharedTensor } from '../../../../inference/core/tensors.js';

export const STEPS = [
  'square',
  'sign',
  'tournament',
  'scaleRows',
  'lift',
  'linear',
  'matmul',
  'shuffle',
  'count',
] as const;
export type Step = (typeof STEPS)[number];

export const programs = fc.array(fc.constantFrom(...STEPS), { minLength: 1, maxLength: 6 });
/** Rows of each lane. */
export const laneRows = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

export const COLUMNS = 3;
const RING_BITS = 30;

export const inputOf = (rows: number, lane: number): RingTensor => ({
  shape: [rows, COLUMNS],
  ringBits: RING_BITS,
  fractionBits: 0,
  data: BigUint64Array.from({ length: rows * COLUMNS }, (_, i) =>
    BigInt.asUintN(RING_BITS, BigInt(((i + 1) * 7919 + lane * 104729) % 61) - 30n),
  ),
});

const small = (mpc: Backend, x: SharedTensor): SharedTensor => mpc.narrow(x, 8);

const steps: Record<Step, (mpc: Backend, x: SharedTensor, weight: Weight) => Promise<SharedTensor>> = {
  square: async (mpc, x) => mpc.reinterpret(await mpc.square(x), 0),
  sign: async (mpc, x) => mpc.multiplex(await mpc.isNegative(small(mpc, x)), x),
  /** As many steps as the rows have binary digits. */
  tournament: protocol('tournament', async (mpc: Backend, x: SharedTensor) => {
    let left = x;
    for (let n = x.shape[0]!; n > 1; n = left.shape[0]!) {
      const a = mpc.slice(left, 0, 0, n >> 1);
      const difference = mpc.subtract(a, mpc.slice(left, 0, n >> 1, 2 * (n >> 1)));
      const kept = await mpc.multiplex(await mpc.isNegative(small(mpc, difference)), difference);
      const winners = mpc.subtract(a, kept);
      left = n % 2 === 0 ? winners : mpc.concat([winners, mpc.slice(left, 0, n - 1, n)], 0);
    }
    return mpc.concat([x, left], 0);
  }),
  scaleRows: async (mpc, x) => {
    const factors = mpc.reshape(mpc.slice(x, 1, 0, 1), [x.shape[0]!]);
    return mpc.multiply(x, factors);
  },
  /** A ring that depends on the lane's length. */
  lift: async (mpc, x) => {
    const bit = await mpc.toArithmetic(await mpc.isNegative(small(mpc, x)), 20 + x.shape[0]!);
    return mpc.add(x, mpc.narrow(mpc.scale(await mpc.widen(mpc.narrow(bit, 4), RING_BITS), 5, 0), RING_BITS));
  },
  linear: async (mpc, x, weight) => mpc.reinterpret(await mpc.linear(x, weight), 0),
  matmul: async (mpc, x) => {
    const one = mpc.reshape(x, [1, ...x.shape]);
    const gram = await mpc.matmul(mpc.transpose(one, [0, 2, 1]), one);
    return mpc.concat([x, mpc.reshape(gram, [COLUMNS, COLUMNS])], 0);
  },
  /** The order is random: only the sum of the rows goes on. */
  shuffle: async (mpc, x) => {
    const { tensors } = await mpc.shuffle({ tensors: [x], bits: [] });
    return mpc.concat([x, mpc.reshape(mpc.sum(tensors[0]!, 0), [1, COLUMNS])], 0);
  },
  /** Control flow that depends on what is opened. */
  count: async (mpc, x) => {
    const bits = await mpc.revealBits(await mpc.isNegative(small(mpc, x)), 'all', 'kept-token-count');
    return bits!.reduce((sum, bit) => sum + bit, 0) % 2 === 0 ? x : mpc.reinterpret(await mpc.square(x), 0);
  },
};

export const prepareWeight = (mpc: Backend, holdsMatrix: boolean): Promise<Weight> =>
  mpc.prepare({
    name: 'mix',
    inputs: COLUMNS,
    outputs: COLUMNS,
    weightBits: 4,
    fractionBits: 0,
    matrix: holdsMatrix ? Int16Array.from([1, -2, 3, 0, 1, -1, 2, 2, -3]) : null,
    bias: holdsMatrix ? Float64Array.of(1, -2, 3) : null,
  });

/** Runs the program on a lane's input, which the client knows; the result is opened to all. */
export async function runProgram(
  mpc: Backend,
  program: readonly Step[],
  input: RingTensor,
  weight: Weight,
  knowsInput: boolean,
): Promise<bigint[]> {
  const { shape, ringBits, fractionBits } = input;
  let x = await mpc.share({
    kind: 'private',
    owner: 'client',
    shape,
    ringBits,
    fractionBits,
    value: knowsInput ? input : null,
  });
  for (const step of program) x = await steps[step](mpc, x, weight);
  const opened = await mpc.reveal(x, 'all', 'logits');
  return Array.from(opened!.data);
}
