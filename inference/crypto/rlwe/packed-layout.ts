/**
 * How a product x [rows, inputs] · w [inputs, outputs] lies in ciphertexts (kernels/src/rlwe/packed-layout.h). Everything
 * follows from public shapes, so both parties agree without a message.
 */
import type { CotKind } from '../../core/cot-kind.js';
import type { LineSpeed } from '../../core/line-speed.js';
import { Budgets, type NoiseBudget } from './noise-budget.js';
import { maximumKIn, packedLimbs, type RlweParameters } from './parameters.js';

/** A batch of products of one shape. */
export interface ProductShape {
  readonly batch: number;
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly ringBits: number;
  readonly weightBits: number;
  /** As in the noise budget. */
  readonly normBits?: number | undefined;
}

export interface PackedLayout extends ProductShape {
  readonly n: number;
  /** Places for rows in a ciphertext, `rows` at least: all that kIn and kOut leave. Of those that stay empty little is sent. */
  readonly tokens: number;
  /** Features an input ciphertext holds of every token; also the products packed into one ciphertext. */
  readonly kIn: number;
  /** Outputs a product holds of every token. */
  readonly kOut: number;
  readonly budget: NoiseBudget;
}

/** Times of one core in milliseconds, fitted to products of BERT-base's shapes (within 5%); only their ratios matter. */
export interface CostModel {
  /** Both directions, against one core's time: a network of 3 Gbit/s that keeps two cores waiting. */
  readonly bytesPerMillisecond: number;
  /** A transform of n words within key switching, everything around it included: of each component, modulo each prime. */
  readonly transform: number;
  /** An input ciphertext's limb at both parties. */
  readonly inputLimb: number;
  /** A result's limb: hiding, switching down, decrypting. */
  readonly resultLimb: number;
  /** One layer of a transform over columns, a million words. */
  readonly columnLayer: number;
  readonly multiplicationsPerMillisecond: number;
}

export const defaultCostModel: CostModel = {
  bytesPerMillisecond: 190_000,
  transform: 0.0135,
  inputLimb: 0.06,
  resultLimb: 0.114,
  columnLayer: 0.0286,
  multiplicationsPerMillisecond: 26_000_000,
};

type CostModels = Readonly<Record<LineSpeed, Readonly<Record<CotKind, CostModel>>>>;

/**
 * Layouts of a connection. On a slow line each byte counts as at 200 Mbit/s against two cores, and more key switches pay for fewer
 * uploads; who chose Ferret on a fast one has little to spare either, some 460 Mbit/s: as little as leaves 400 MB to BERT-base where
 * weights stay at the client.
 */
export const costModels: CostModels = {
  fast: {
    softspoken: defaultCostModel,
    ferret: { ...defaultCostModel, bytesPerMillisecond: 58_000 },
  },
  slow: {
    softspoken: { ...defaultCostModel, bytesPerMillisecond: 18_000 },
    ferret: { ...defaultCostModel, bytesPerMillisecond: 18_000 },
  },
};

const PRIME_BITS = 26;
/** Primes by which key switching divides. */
const DIVISORS = 4;
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

/** Bytes of so many coefficients of a half: residues, or fractions of so many bits. */
const halfBytes = (downLimbs: number, bits: number, coefficients: number): number =>
  bits === 0 ? downLimbs * packedResidueBytes(coefficients) : Math.ceil((coefficients * bits) / 8);

/** Bytes of the a halves of all results. */
export const outputABytes = (l: PackedLayout): number =>
  groups(l) * halfBytes(l.budget.downLimbs, l.budget.aBits, l.n);

/** Bytes of all results: a halves, then b halves where outputs are. */
export const outputBytes = (l: PackedLayout): number => outputABytes(l) + outputBBytes(l);

/** What the evaluator keeps of half a until half b is there: 32-bit words. */
export const keptWords = (l: PackedLayout): number => groups(l) * packedLimbs(l.budget.limbs, l.kIn) * l.n;

export function outputBBytes(l: PackedLayout): number {
  const blocks = outputBlocks(l);
  /** What the last block of outputs lacks, of each of the batch. */
  const missing = blocks * l.kOut - l.outputs;
  const all = products(l);
  let total = 0;
  let groupsWithLast = 0;
  const bBytes = (wanted: number) => halfBytes(l.budget.downLimbs, l.budget.bBits, wanted);
  for (let end = blocks; end <= all; ) {
    const group = Math.ceil(end / l.kIn) - 1;
    let lastBlocks = 0;
    for (; end <= Math.min(all, (group + 1) * l.kIn); end += blocks) lastBlocks++;
    total += bBytes(l.rows * (groupProducts(l, group) * l.kOut - lastBlocks * missing));
    groupsWithLast++;
  }
  return total + (groups(l) - groupsWithLast) * bBytes(l.rows * l.kIn * l.kOut);
}

/** By how many the last group is packed: the others by kIn. One alone by two. */
export const lastKIn = (l: PackedLayout): number =>
  Math.min(l.kIn, Math.max(2, nextPowerOfTwo(groupProducts(l, groups(l) - 1))));

/** Key switches of the whole product: of a ciphertext that is packed, one for each component. */
export const keySwitches = (l: PackedLayout): number =>
  l.kIn === 1 ? 0 : (groups(l) - 1) * l.kIn + lastKIn(l);

/** Up to so many tokens are one segment of all n coefficients. */
const WHOLE_TOKENS = 2;
/** By how much longer its transforms take: half a megabyte, more than stays next to a core. */
const WHOLE_FACTOR = 2.5;

/** Segments of tokens and their length, as the kernel cuts them (packed-multiply.cc). */
function segments({ n, tokens }: PackedLayout): { count: number; length: number } {
  if (tokens <= WHOLE_TOKENS) return { count: 1, length: n };
  const together = tokens >= 16 ? 3 : 1;
  return { count: Math.ceil(tokens / together), length: (together + 1) * (n / tokens) };
}

export function estimatedMilliseconds(l: PackedLayout, cost: CostModel): number {
  const { limbs } = l.budget;
  const { count, length } = segments(l);
  const lanes = l.batch * Math.ceil(outputBlocks(l) / COLUMNS) * COLUMNS;
  const millionWords = (lanes * limbs * length) / 1e6;
  const columnLayer = cost.columnLayer * (l.tokens <= WHOLE_TOKENS ? WHOLE_FACTOR : 1);
  const weightLayers = inputBlocks(l) * (Math.log2(l.kIn * l.kOut) + 4);
  const productLayers = 2 * count * (Math.log2(length) + 6);
  return (
    (inputBytes(l) + outputBytes(l)) / cost.bytesPerMillisecond +
    keySwitches(l) * (packedLimbs(limbs, l.kIn) + DIVISORS) * cost.transform +
    l.batch * inputBlocks(l) * limbs * cost.inputLimb +
    groups(l) * limbs * cost.resultLimb +
    millionWords * (weightLayers + productLayers) * columnLayer +
    (2 * limbs * length * count * inputBlocks(l) * lanes) / cost.multiplicationsPerMillisecond
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
  budgets = new Budgets(parameters),
): PackedLayout {
  const { n } = parameters;
  const fewest = nextPowerOfTwo(shape.rows);
  if (shape.rows < 1 || fewest > n) {
    throw new RangeError(`packed layout: expected 1 to ${n} rows, got ${shape.rows}`);
  }
  let best: PackedLayout | null = null;
  let least = Number.POSITIVE_INFINITY;
  /** By kOut, for half as many features. */
  const limbsBefore = new Map<number, number>();
  const most = Math.min(n / fewest, nextPowerOfTwo(shape.inputs), maximumKIn(parameters));
  for (let kIn = 1; kIn <= most; kIn *= 2) {
    const mostOutputs = Math.min(n / fewest / kIn, nextPowerOfTwo(shape.outputs));
    let limbs = 1;
    for (let kOut = 1; kOut <= mostOutputs; kOut *= 2) {
      if (Math.ceil(shape.inputs / kIn) > 4096) continue;
      // More places than rows are never worse: fewer coefficients are sent, and the weights' transforms are shorter.
      const packed = { ...shape, n, tokens: n / kIn / kOut, kIn, kOut };
      const whole = budgets.whole(packed, Math.max(limbs, limbsBefore.get(kOut) ?? 1));
      limbs = whole.limbs;
      limbsBefore.set(kOut, limbs);
      // Halves of as few bits as an answer may have: if that is too much, what the search below finds is so as well.
      const fewestBits = { aBits: shape.ringBits + 1, bBits: shape.ringBits + 1 };
      if (estimatedMilliseconds({ ...packed, budget: { ...whole, ...fewestBits } }, cost) >= least) continue;
      const layout = { ...packed, budget: budgets.shortest(packed, whole) };
      const milliseconds = estimatedMilliseconds(layout, cost);
      if (milliseconds < least) {
        best = layout;
        least = milliseconds;
      }
    }
  }
  if (!best) throw new RangeError(`packed layout: too many inputs (${shape.inputs}) for ${shape.rows} rows`);
  return best;
}

/** The layouts of a connection, each searched once. */
export class Layouts {
  readonly #found = new Map<string, PackedLayout>();
  /** By what noise depends on: not on rows and outputs. */
  readonly #budgets = new Map<string, Budgets>();

  constructor(
    readonly parameters: RlweParameters,
    readonly cost: CostModel,
  ) {}

  of(shape: ProductShape): PackedLayout {
    const key = JSON.stringify(shape);
    const layout =
      this.#found.get(key) ?? chooseLayout(this.parameters, shape, this.cost, this.#budgetsOf(shape));
    this.#found.set(key, layout);
    return layout;
  }

  #budgetsOf({ inputs, ringBits, weightBits, normBits }: ProductShape): Budgets {
    const key = [inputs, ringBits, weightBits, normBits].join();
    const budgets = this.#budgets.get(key) ?? new Budgets(this.parameters);
    this.#budgets.set(key, budgets);
    return budgets;
  }

  milliseconds(layout: PackedLayout): number {
    return estimatedMilliseconds(layout, this.cost);
  }
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
    l.budget.aBits,
    l.budget.bBits,
  );
