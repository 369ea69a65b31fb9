/**
 * How a weight lies at the client and what a row's message is; both parties agree without a word, since all follows from public
 * shapes.
 *
 * Noise of x·W under the server's key, as a fraction of the modulus Q; a message of k bits stands at multiples of Q/2^k:
 *   product    sum of `inputs` terms x_c · (error + rounding of the message), |x_c| at most 2^(k-1): what x decides
 *   zero       the public key's errors times the row's fresh secret
 *   flooding   uniform in [-2^floodBits, 2^floodBits): hides both from the server, which knows all errors but x and the secret
 *   rounding   half a is sent to aBits bits, which the secret multiplies; half b to bBits bits
 * Rounding to the nearest multiple is exact while the sum stays below half a step.
 */
import {
  type CostModel,
  estimatedMilliseconds,
  type PackedLayout,
  packedResidueBytes,
} from '../rlwe/packed-layout.js';
import { FAILURE_BITS, STATISTICAL_BITS, tailBits } from '../rlwe/noise-budget.js';
import { modulusBits, type ResidentParameters } from './parameters.js';

export interface ResidentShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly ringBits: number;
}

export interface ResidentLayout extends ResidentShape {
  readonly parameters: ResidentParameters;
  readonly downLimbs: number;
  readonly floodBits: number;
  readonly aBits: number;
  readonly bBits: number;
  /** log2 of the probability that one output is rounded wrongly. */
  readonly failureBits: number;
}

const ERROR_VARIANCE = 10.5;
const TERNARY_VARIANCE = 2 / 3;
const ROUNDING_VARIANCE = 1 / 12;
/** Beyond 8 deviations a Gaussian has probability 2^-49. */
const BOUND_DEVIATIONS = 8;
/** Half a is multiplied in two primes, 52 bits. */
const DOWN_LIMBS = 2;
const MOST_SENT_BITS = 48;
/** Of the modular product at the client. */
const MOST_INPUTS = 4096;
/** Fewer outputs do not pay for half a, which a row has once. */
const LEAST_OUTPUTS = 64;

function failureOf(
  parameters: ResidentParameters,
  { ringBits }: ResidentShape,
  noise: { deviation: number; floodBits: number },
  aBits: number,
  bBits: number,
): number {
  const { n, rank } = parameters;
  const modulus = modulusBits(parameters);
  const rounding = Math.sqrt(ROUNDING_VARIANCE * n * rank * TERNARY_VARIANCE) * 2 ** -aBits;
  const deviation = Math.hypot(noise.deviation * 2 ** -modulus, 1.001 * rounding);
  const uniform = 2 ** (noise.floodBits - modulus) + 2 ** -(bBits + 1);
  const halfStep = 2 ** -(ringBits + 1);
  return uniform < halfStep ? tailBits((halfStep - uniform) / deviation) : 0;
}

/** The fewest bits to send that make the product exact but for a probability of 2^-64 an output; null if the parameters do not suffice. */
export function residentLayout(parameters: ResidentParameters, shape: ResidentShape): ResidentLayout | null {
  const { inputs, ringBits } = shape;
  const { n, rank } = parameters;
  const product = 2 ** (ringBits - 1) * Math.sqrt(inputs * (ERROR_VARIANCE + ROUNDING_VARIANCE));
  const zero = Math.sqrt(ERROR_VARIANCE * n * rank * TERNARY_VARIANCE);
  const deviation = Math.hypot(product, zero);
  const floodBits = Math.ceil(STATISTICAL_BITS + Math.log2(BOUND_DEVIATIONS * deviation));
  for (let aBits = ringBits + 1; aBits <= MOST_SENT_BITS; aBits++) {
    const bBits = ringBits + 2;
    const failureBits = failureOf(parameters, shape, { deviation, floodBits }, aBits, bBits);
    if (failureBits <= FAILURE_BITS)
      return { ...shape, parameters, downLimbs: DOWN_LIMBS, floodBits, aBits, bBits, failureBits };
  }
  return null;
}

/** Of a weight that may stay at clients; null for small, very tall and very wide ones, whose rows travel as ciphertexts. */
export const layoutToStay = (parameters: ResidentParameters, shape: ResidentShape): ResidentLayout | null =>
  shape.inputs <= MOST_INPUTS && shape.outputs >= LEAST_OUTPUTS ? residentLayout(parameters, shape) : null;

export const outputBlocks = ({ outputs, parameters: { n, kIn } }: ResidentLayout): number =>
  Math.ceil(outputs / (n / kIn));

/** Bytes of a block of outputs: what is downloaded at a time. */
export const blockBytes = ({ inputs, parameters: { n, rank, kIn, limbs } }: ResidentLayout): number =>
  limbs * packedResidueBytes(rank * n + inputs * (n / kIn));

/** Of a whole weight at the client. */
export const weightBytes = (layout: ResidentLayout): number => outputBlocks(layout) * blockBytes(layout);

/** Half a of a row. */
export const rowHalfBytes = ({ aBits, parameters: { n, rank } }: ResidentLayout): number =>
  Math.ceil((n * rank * aBits) / 8);

/** Of blocks first, ..., last - 1 of outputs, each packed by itself. */
export function answerBlocksBytes(layout: ResidentLayout, rows: number, first: number, last: number): number {
  const { outputs, bBits, parameters } = layout;
  const kOut = parameters.n / parameters.kIn;
  const blockBits = (block: number) => rows * Math.min(kOut, outputs - block * kOut) * bBits;
  let bytes = 0;
  for (let block = first; block < last; block++) bytes += Math.ceil(blockBits(block) / 8);
  return bytes;
}

/** What a client sends: half a of each row, then the blocks. */
export const messageBytes = (layout: ResidentLayout, rows: number): number =>
  rows * rowHalfBytes(layout) + answerBlocksBytes(layout, rows, 0, outputBlocks(layout));

/** As the kernels read it. */
export const layoutWords = (l: ResidentLayout): Uint32Array => {
  const { n, rank, kIn, limbs } = l.parameters;
  return Uint32Array.of(n, rank, l.inputs, l.outputs, kIn, limbs, l.downLimbs, l.ringBits, l.aBits, l.bBits);
};

/** Whether rows times a weight that stays cost less than the same product by ciphertexts of rows: from public shapes alone. */
export const isCheaper = (resident: ResidentLayout, packed: PackedLayout, cost: CostModel): boolean =>
  residentMilliseconds(resident, packed.rows) +
    messageBytes(resident, packed.rows) / cost.bytesPerMillisecond <
  estimatedMilliseconds(packed, cost);

/** One core in milliseconds, both parties together, for so many rows: measured, only its size matters. */
export function residentMilliseconds({ inputs, outputs, parameters }: ResidentLayout, rows: number): number {
  const { n, kIn, limbs } = parameters;
  const perBlock = 0.008 * (n / 1024);
  const unpacking = (inputs * outputs * limbs) / 1e6;
  return (
    unpacking +
    rows * ((inputs / kIn + (1.4 * outputs * kIn) / n) * perBlock + (inputs * outputs * limbs) / 24e6)
  );
}
