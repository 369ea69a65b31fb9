/**
 * How a product x [rows, inputs] · w [inputs, outputs] lies in ciphertexts (kernels/src/rlwe/packed-layout.h). Everything
 * follows from public shapes, so both parties agree without a message.
 */
import { type NoiseBudget, sufficientBudget } from './noise-budget.js';
import type { RlweParameters } from './parameters.js';

/** A batch of products of one shape. */
export interface ProductShape {
  readonly batch: number;
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly ringBits: number;
  readonly weightBits: number;
}

export interface PackedLayout extends ProductShape {
  readonly n: number;
  /** `rows` rounded up to a power of two. */
  readonly tokens: number;
  /** Features an input ciphertext holds of every token; also the products packed into one ciphertext. */
  readonly kIn: number;
  /** Outputs a product holds of every token. */
  readonly kOut: number;
  readonly budget: NoiseBudget;
}

/** Measured on one core; only their ratios matter. */
export interface CostModel {
  readonly bytesPerMillisecond: number;
  /** Key switch, per limb. */
  readonly keySwitchMilliseconds: number;
  /** Encryption and transforms of an input ciphertext at both parties, per limb. */
  readonly inputMilliseconds: number;
  /** Transforms of a product back, per limb. */
  readonly productMilliseconds: number;
  /** Hiding, switching down and decrypting a result, per limb. */
  readonly resultMilliseconds: number;
  readonly multiplicationsPerMillisecond: number;
}

export const defaultCostModel: CostModel = {
  bytesPerMillisecond: 500_000,
  keySwitchMilliseconds: 0.08,
  inputMilliseconds: 0.1,
  productMilliseconds: 0.04,
  resultMilliseconds: 0.1,
  multiplicationsPerMillisecond: 20_000_000,
};

/** Galois keys exist for kIn up to 2^10 (fewer in smaller rings). */
export const maximumLogKIn = (parameters: RlweParameters): number =>
  Math.min(10, Math.log2(parameters.n) - 1);

const PRIME_BITS = 26;
const COLUMNS = 16;

const nextPowerOfTwo = (x: number): number => 2 ** Math.ceil(Math.log2(x));
export const packedResidueBytes = (count: number): number => Math.ceil((count * PRIME_BITS) / 8);

const inputBlocks = (l: PackedLayout): number => Math.ceil(l.inputs / l.kIn);
const outputBlocks = (l: PackedLayout): number => Math.ceil(l.outputs / l.kOut);
const products = (l: PackedLayout): number => l.batch * outputBlocks(l);
const groups = (l: PackedLayout): number => Math.ceil(products(l) / l.kIn);
const groupProducts = (l: PackedLayout, group: number): number =>
  Math.min(l.kIn, products(l) - group * l.kIn);

/** Bytes of all input ciphertexts: b halves for the rows in use and the last token, which wraps into the first. */
export function inputBytes(l: PackedLayout): number {
  const coefficients = l.rows + 1 >= l.tokens ? l.n : (l.rows + 1) * (l.n / l.tokens);
  return l.batch * inputBlocks(l) * l.budget.limbs * packedResidueBytes(coefficients);
}

/** Bytes of all results: a halves, and b halves where outputs are. */
export function outputBytes(l: PackedLayout): number {
  const blocks = outputBlocks(l);
  let total = 0;
  for (let group = 0; group < groups(l); group++) {
    let wanted = 0;
    for (let t = 0; t < groupProducts(l, group); t++) {
      const block = (group * l.kIn + t) % blocks;
      wanted += l.rows * Math.min(l.kOut, l.outputs - block * l.kOut);
    }
    total += l.budget.downLimbs * (packedResidueBytes(l.n) + packedResidueBytes(wanted));
  }
  return total;
}

/** Key switches of the whole product. */
export function keySwitches(l: PackedLayout): number {
  let total = 0;
  for (let group = 0; group < groups(l); group++) {
    for (let left = groupProducts(l, group), size = l.kIn; size > 1; size /= 2) {
      left = Math.ceil(left / 2);
      total += left;
    }
  }
  return total;
}

export function estimatedMilliseconds(l: PackedLayout, cost: CostModel): number {
  const { limbs } = l.budget;
  const ciphertexts = l.batch * inputBlocks(l);
  const lanes = l.batch * Math.ceil(outputBlocks(l) / COLUMNS) * COLUMNS;
  const multiplications = 4 * limbs * l.n * inputBlocks(l) * lanes;
  return (
    (inputBytes(l) + outputBytes(l)) / cost.bytesPerMillisecond +
    keySwitches(l) * limbs * cost.keySwitchMilliseconds +
    ciphertexts * limbs * cost.inputMilliseconds +
    lanes * limbs * cost.productMilliseconds +
    groups(l) * limbs * cost.resultMilliseconds +
    multiplications / cost.multiplicationsPerMillisecond
  );
}

/**
 * The layout of least estimated cost.
 * @throws RangeError if there are more rows than coefficients, or the noise budget does not suffice
 */
export function chooseLayout(
  parameters: RlweParameters,
  shape: ProductShape,
  cost: CostModel = defaultCostModel,
): PackedLayout {
  const { n } = parameters;
  const tokens = nextPowerOfTwo(shape.rows);
  if (shape.rows < 1 || tokens > n) {
    throw new RangeError(`packed layout: expected 1 to ${n} rows, got ${shape.rows}`);
  }
  let best: PackedLayout | null = null;
  let least = Number.POSITIVE_INFINITY;
  const most = Math.min(n / tokens, nextPowerOfTwo(shape.inputs), 2 ** maximumLogKIn(parameters));
  for (let kIn = 1; kIn <= most; kIn *= 2) {
    const kOut = Math.min(n / tokens / kIn, nextPowerOfTwo(shape.outputs));
    const budget = sufficientBudget(parameters, { ...shape, kIn, kOut });
    const layout: PackedLayout = { ...shape, n, tokens, kIn, kOut, budget };
    const milliseconds = estimatedMilliseconds(layout, cost);
    if (Math.ceil(shape.inputs / kIn) <= 4096 && milliseconds < least) {
      best = layout;
      least = milliseconds;
    }
  }
  if (!best) throw new RangeError(`packed layout: too many inputs (${shape.inputs}) for ${shape.rows} rows`);
  return best;
}

/** As the kernels read it. */
export const layoutWords = (l: PackedLayout): Uint32Array =>
  Uint32Array.of(
    l.n,
    l.batch,
    l.rows,
    l.tokens,
    l.inputs,
    l.outputs,
    l.kIn,
    l.kOut,
    l.budget.limbs,
    l.budget.downLimbs,
    l.ringBits,
  );
