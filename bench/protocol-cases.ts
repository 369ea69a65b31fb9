/** The protocols behind the seam, at sizes of one layer of BERT-base with 128 tokens. */
import type { Backend } from '../inference/backends/backend.js';
import { type Shape, sizeOf } from '../inference/core/shape.js';
import type { PrivateTensor, SharedTensor } from '../inference/core/tensors.js';

const TOKENS = 128;
const HIDDEN = 768;
const INTERMEDIATE = 3072;
const HEADS = 12;
const HEAD_SIZE = 64;
/** Rings: where linear layers take inputs; after their truncation; inside activation functions. */
const RESTING_BITS = 37;
const REDUCED_BITS = 29;
const SMALL_BITS = 16;
const COMPARED_BITS = 13;

export interface ProtocolCase {
  readonly name: string;
  readonly shape: string;
  /** Makes the inputs; the result is one run. Runs at both parties. */
  prepare(mpc: Backend): Promise<() => Promise<unknown>>;
}

/** Costs do not depend on values: a ramp will do. */
function ramp(shape: Shape, ringBits: number): BigUint64Array {
  const mask = (1n << BigInt(ringBits)) - 1n;
  return BigUint64Array.from({ length: sizeOf(shape) }, (_, i) => (BigInt(i) * 2654435761n) & mask & 0xffn);
}

function privateTensor(mpc: Backend, shape: Shape, ringBits: number, fractionBits: number): PrivateTensor {
  const format = { shape, ringBits, fractionBits };
  const value = mpc.self === 'server' ? { ...format, data: ramp(shape, ringBits) } : null;
  return { kind: 'private', owner: 'server', ...format, value };
}

const shared = (mpc: Backend, shape: Shape, ringBits: number, fractionBits = 0): Promise<SharedTensor> =>
  mpc.share(privateTensor(mpc, shape, ringBits, fractionBits));

const sharedBits = async (mpc: Backend, shape: Shape) => mpc.isNegative(await shared(mpc, shape, 2));

const shapeText = (shape: Shape, bits: number): string => `${shape.join(' x ')}, ${bits} bits`;

/** A protocol of one tensor. */
function elementwise(
  name: string,
  shape: Shape,
  ringBits: number,
  run: (mpc: Backend, x: SharedTensor) => Promise<unknown>,
): ProtocolCase {
  return {
    name,
    shape: shapeText(shape, ringBits),
    prepare: async (mpc) => {
      const x = await shared(mpc, shape, ringBits);
      return () => run(mpc, x);
    },
  };
}

const FEED_FORWARD: Shape = [TOKENS, INTERMEDIATE];
const ROWS: Shape = [TOKENS, HIDDEN];

const LINEAR_LAYERS: readonly (readonly [string, number, number])[] = [
  ['linear, query-key-value', HIDDEN, 3 * HIDDEN],
  ['linear, attention output', HIDDEN, HIDDEN],
  ['linear, feed-forward in', HIDDEN, INTERMEDIATE],
  ['linear, feed-forward out', INTERMEDIATE, HIDDEN],
];

function linearCase(name: string, inputs: number, outputs: number): ProtocolCase {
  return {
    name,
    shape: `${TOKENS} x ${inputs} x ${outputs}, ${RESTING_BITS} bits, 8-bit weights`,
    prepare: async (mpc) => {
      const isServer = mpc.self === 'server';
      const weight = await mpc.prepare({
        name,
        inputs,
        outputs,
        weightBits: 8,
        fractionBits: 8,
        matrix: isServer ? Int16Array.from({ length: inputs * outputs }, (_, i) => (i % 255) - 127) : null,
        bias: isServer ? new Float64Array(outputs) : null,
      });
      const x = await shared(mpc, [TOKENS, inputs], RESTING_BITS, 12);
      return () => mpc.linear(x, weight);
    },
  };
}

function matmulCase(name: string, n: number, k: number, m: number, bits: number): ProtocolCase {
  return {
    name,
    shape: `${HEADS} x ${n} x ${k} x ${m}, ${bits} bits`,
    prepare: async (mpc) => {
      const x = await shared(mpc, [HEADS, n, k], bits);
      const y = await shared(mpc, [HEADS, k, m], bits);
      return () => mpc.matmul(x, y);
    },
  };
}

const shuffleCase: ProtocolCase = {
  name: 'shuffle',
  shape: `${TOKENS} rows of ${HIDDEN} x ${RESTING_BITS} and ${HIDDEN} x ${REDUCED_BITS} bits`,
  prepare: async (mpc) => {
    const tensors = [await shared(mpc, ROWS, RESTING_BITS), await shared(mpc, ROWS, REDUCED_BITS)];
    const bits = [await sharedBits(mpc, [TOKENS]), await sharedBits(mpc, [TOKENS])];
    return () => mpc.shuffle({ tensors, bits });
  },
};

const withBits = (
  name: string,
  bitShape: Shape,
  shape: Shape,
  ringBits: number,
  run: (mpc: Backend, bits: Awaited<ReturnType<typeof sharedBits>>, x: SharedTensor) => Promise<unknown>,
): ProtocolCase => ({
  name,
  shape: sizeOf(shape) === 1 ? bitShape.join(' x ') : shapeText(shape, ringBits),
  prepare: async (mpc) => {
    const bits = await sharedBits(mpc, bitShape);
    const x = await shared(mpc, shape, ringBits);
    return () => run(mpc, bits, x);
  },
});

export const LEAF_CASES: readonly ProtocolCase[] = [
  ...LINEAR_LAYERS.map(([name, inputs, outputs]) => linearCase(name, inputs, outputs)),
  matmulCase('matmul, query x key', TOKENS, HEAD_SIZE, TOKENS, REDUCED_BITS),
  matmulCase('matmul, attention x value', TOKENS, TOKENS, HEAD_SIZE, REDUCED_BITS),
  elementwise('isNegative', FEED_FORWARD, COMPARED_BITS, (mpc, x) => mpc.isNegative(x)),
  elementwise('multiply', FEED_FORWARD, SMALL_BITS, (mpc, x) => mpc.multiply(x, x)),
  elementwise('square', FEED_FORWARD, SMALL_BITS, (mpc, x) => mpc.square(x)),
  elementwise('widen', FEED_FORWARD, SMALL_BITS, (mpc, x) => mpc.widen(x, RESTING_BITS)),
  withBits('multiplex', FEED_FORWARD, FEED_FORWARD, SMALL_BITS, (mpc, bits, x) => mpc.multiplex(bits, x)),
  withBits('and', FEED_FORWARD, [1], 2, (mpc, bits) => mpc.and(bits, bits)),
  withBits('toArithmetic', FEED_FORWARD, [1], 2, (mpc, bits) => mpc.toArithmetic(bits, SMALL_BITS)),
  {
    name: 'multiply, row by scalar',
    shape: shapeText(ROWS, REDUCED_BITS),
    prepare: async (mpc) => {
      const x = await shared(mpc, ROWS, REDUCED_BITS);
      const y = await shared(mpc, [TOKENS], REDUCED_BITS);
      return () => mpc.multiply(x, y);
    },
  },
  shuffleCase,
];
