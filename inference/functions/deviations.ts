/**
 * What LayerNorm takes from its rows: x - mean, and a multiple of the variance. The variance is taken from a coarse copy of x: rounding errors
 * average out over a row.
 */
import type { Backend, WantedOperation } from '../backends/backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import type { SharedTensor } from '../core/tensors.js';
import { convert, integerBits, repeatColumns, shrink, wideningBits } from './fixed-point.js';
import { wholeBitsOf } from './inverse-power-table.js';
import { sideBySide } from './side-by-side.js';

/** Of rows, as in LayerNormPlan. */
export interface DeviationsPlan {
  /** |x| stays below. */
  readonly inputRange: number;
  /** Public bounds of the variance, with margin. */
  readonly variance: { readonly low: number; readonly high: number };
  /** Bits of the ring that x - mean is wanted in, if they are more than those of x. */
  readonly centredBits?: number;
}

/** x - mean [rows, features], and `times` · features · variance [rows]. */
export interface Deviations {
  readonly centred: SharedTensor;
  readonly sum: SharedTensor;
  readonly times: number;
}

const MEAN_FRACTION_BITS = 20;

/** Of the sums of x's rows, to be divided. */
const sumsRing = (x: SharedTensor, { centredBits = 0 }: DeviationsPlan): number =>
  Math.min(64, Math.max(x.ringBits, centredBits) + MEAN_FRACTION_BITS + 2);

/** What x is widened from for x - mean in a larger ring. */
const cutBits = (x: RingFormat, { inputRange }: DeviationsPlan): number =>
  Math.min(x.ringBits, wideningBits(inputRange, x.fractionBits));

/** x [rows, features] → x - mean, modulo 2^centredBits. The sums are widened, so that they can be divided exactly, and beside them x. */
async function centre(mpc: Backend, x: SharedTensor, plan: DeviationsPlan): Promise<SharedTensor> {
  const features = x.shape[1]!;
  const { centredBits = 0 } = plan;
  const [sums, wide] = await sideBySide<SharedTensor, [SharedTensor]>(
    mpc,
    (lane) => lane.widen(lane.sum(x, 1), sumsRing(x, plan)),
    async (lane) =>
      centredBits <= x.ringBits ? x : lane.widen(lane.narrow(x, cutBits(x, plan)), centredBits),
  );
  const means = mpc.truncateReduce(mpc.scale(sums, 1 / features, MEAN_FRACTION_BITS), MEAN_FRACTION_BITS);
  return mpc.subtract(wide, repeatColumns(mpc, mpc.narrow(means, wide.ringBits), features));
}

/** How squares are made: at so many fraction bits, of so many bits into the ring of their sums. */
interface SquaresPlan {
  readonly fractionBits: number;
  readonly factorBits: number;
  readonly ringBits: number;
}

/** Into a ring for sums of so many bits in front of their point. */
function squaresPlan(
  x: SharedTensor,
  { variance: { low }, inputRange }: DeviationsPlan,
  wholeBits: number,
): SquaresPlan {
  // A unit's square below low/64: what rounding a row's numbers leaves in its variance scales the whole row, and with it its logits, so a bit
  // here is worth more than one of c itself.
  const fractionBits = Math.min(x.fractionBits, Math.max(2, Math.ceil((6 - Math.log2(low)) / 2)));
  const bitsOfFactors = (ringBits: number): number =>
    Math.max(wideningBits(2 * inputRange, fractionBits), (ringBits >> 1) + 1);
  const sumBits = wholeBits + 2 * fractionBits + 1;
  const ringBits = Math.max(sumBits, bitsOfFactors(sumBits));
  return { fractionBits, factorBits: bitsOfFactors(ringBits), ringBits };
}

/** Squares of x as it is, and of its sums: with n = odd · 2^twos features, odd · Σ x² - (Σ x)² / 2^twos is odd · n times the variance, and less than 2^`drops` times as much. */
export interface UncentredPlan {
  readonly squares: SquaresPlan;
  readonly odd: number;
  readonly twos: number;
  readonly drops: number;
  /** Of the sums, and of their squares. */
  readonly sumBits: number;
  readonly squareBits: number;
}

/** Larger odd parts cost every square more bits than a message is worth. */
const MOST_ODD = 3;

/** Null where the odd part is large, or the ring too small. */
export function uncentredPlan(x: SharedTensor, plan: DeviationsPlan): UncentredPlan | null {
  const features = x.shape[1]!;
  const twos = 31 - Math.clz32(features & -features);
  const odd = features / 2 ** twos;
  const drops = Math.ceil(Math.log2(odd));
  // No more than the table of 1/sigma reads.
  const squares = squaresPlan(x, plan, wholeBitsOf(plan.variance.high * features) + drops);
  const sumBits = x.ringBits - (x.fractionBits - squares.fractionBits);
  const squareBits = Math.max(squares.ringBits + twos, sumBits);
  const fits =
    odd <= MOST_ODD && squares.factorBits <= sumBits && squareBits < 2 * sumBits && squareBits <= 64;
  return fits ? { squares, odd, twos, drops, sumBits, squareBits } : null;
}

/** x [rows, features] → [rows] */
async function sumOfSquares(
  mpc: Backend,
  x: SharedTensor,
  { fractionBits, factorBits, ringBits }: SquaresPlan,
  range: number,
): Promise<SharedTensor> {
  const coarse = await convert(mpc, x, { ringBits: factorBits, fractionBits }, range);
  return mpc.sum(await mpc.square(coarse, ringBits), 1);
}

/** A message more than `uncentred`: squares wait for the mean. */
export async function byMean(mpc: Backend, x: SharedTensor, plan: DeviationsPlan): Promise<Deviations> {
  const centred = await centre(mpc, x, plan);
  const wholeBits = integerBits(2 * plan.variance.high * x.shape[1]!);
  const sum = await sumOfSquares(mpc, centred, squaresPlan(x, plan, wholeBits), 2 * plan.inputRange);
  return { centred, sum, times: 1 };
}

/** Of `uncentred`. */
export const timesOf = ({ odd, drops }: UncentredPlan): number => odd / 2 ** drops;

/** Of its sum, as it is given. */
export const sumFormat = ({ squares: { ringBits, fractionBits }, drops }: UncentredPlan): RingFormat => ({
  ringBits: ringBits - drops,
  fractionBits: 2 * fractionBits,
});

/** What it works on, side by side. */
export const wantedOf = (
  x: SharedTensor,
  { squares, sumBits, squareBits }: UncentredPlan,
  plan: DeviationsPlan,
): readonly (readonly WantedOperation[])[] => [
  [{ kind: 'square', count: x.shape[1]!, bits: squares.factorBits, ringBits: squares.ringBits }],
  [{ kind: 'square', count: 1, bits: sumBits, ringBits: squareBits }],
  [{ kind: 'widen', count: 1, bits: x.ringBits, ringBits: sumsRing(x, plan) }],
  (plan.centredBits ?? 0) <= x.ringBits
    ? []
    : [{ kind: 'widen', count: x.shape[1]!, bits: cutBits(x, plan), ringBits: plan.centredBits! }],
];

/**
 * Of the coarse copy of x, exactly: nothing waits for the mean. On demand a message less would cost bits and save nothing, since the parties' turns
 * are then the other way round; where squares were made ahead it saves one.
 */
export async function uncentred(
  mpc: Backend,
  x: SharedTensor,
  plan: DeviationsPlan,
  early: UncentredPlan,
): Promise<Deviations> {
  const { squares: squared, odd, twos, drops, sumBits, squareBits } = early;
  const { fractionBits } = squared;
  const [squares, ofSums, centred] = await sideBySide<SharedTensor, [SharedTensor, SharedTensor]>(
    mpc,
    (lane) => sumOfSquares(lane, x, squared, 2 * plan.inputRange),
    (lane) => {
      const coarse = shrink(lane, x, { ringBits: sumBits, fractionBits });
      return lane.square(lane.sum(coarse, 1), squareBits);
    },
    (lane) => centre(lane, x, plan),
  );
  const divided = mpc.narrow(mpc.truncateReduce(ofSums, twos), squares.ringBits);
  const sum = mpc.subtract(mpc.scale(squares, odd, 0), mpc.reinterpret(divided, 2 * fractionBits));
  return {
    centred,
    sum: mpc.reinterpret(mpc.truncateReduce(sum, drops), 2 * fractionBits),
    times: timesOf(early),
  };
}
