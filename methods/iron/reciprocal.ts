/**
 * SiRNN's 1/x and 1/sqrt(x) of normalised numbers (IEEE S&P 2021, section 5.2 and 5.3): leading bits choose from a table; a line, or one
 * step of Newton's, does the rest.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { encode } from '../../inference/core/ring-tensor.js';
import { protocol } from '../../inference/core/span.js';
import type { RingTensor, SharedTensor } from '../../inference/core/tensors.js';
import { widenNonNegative } from '../../inference/functions/fixed-point.js';
import type { IronNumbers } from './numbers.js';
import { truncated } from './truncate.js';

/** Numbers from `low` to `high`, in intervals of 2^-bits. */
interface Intervals {
  readonly low: number;
  readonly high: number;
  readonly bits: number;
}

/** Which interval a number lies in, as an index of tables, and how far behind its beginning. */
interface Located {
  readonly index: SharedTensor;
  readonly rest: SharedTensor;
}

/** m [n]; the middle of the range is the index 0, so that it fits its ring. */
async function located(mpc: Backend, m: SharedTensor, { low, high, bits }: Intervals): Promise<Located> {
  const { fractionBits } = m;
  const middle = (low + high) / 2;
  const ringBits = fractionBits + Math.ceil(Math.log2(high - low)) + 1;
  const moved = mpc.narrow(mpc.addPublic(m, -middle), ringBits);
  const dropped = fractionBits - bits;
  const index = await mpc.round(mpc.addPublic(moved, -(2 ** -(bits + 1))), dropped);
  return { index, rest: mpc.subtract(moved, mpc.expand(index, dropped)) };
}

/** Of the beginning of every interval; the last may begin where the range ends. */
function tableOf(
  { low, high, bits }: Intervals,
  entryBits: number,
  of: (begin: number) => number,
): RingTensor {
  const indexBits = bits + Math.ceil(Math.log2(high - low)) + 1;
  const count = 2 ** indexBits;
  const entries = Float64Array.from({ length: count }, (_, place) => {
    const signed = place < count / 2 ? place : place - count;
    return of(Math.min(high, Math.max(low, (low + high) / 2 + signed * 2 ** -bits)));
  });
  return encode(entries, [count], { ringBits: entryBits, fractionBits: entryBits - 2 });
}

/** m [n] from 1 to 2 at entryBits - 2 → 1/m [n] in a ring of `entryBits` */
export function inverseOf({ reciprocalBits, entryBits }: Pick<IronNumbers, 'reciprocalBits' | 'entryBits'>) {
  const intervals = { low: 1, high: 2, bits: reciprocalBits };
  const width = 2 ** -reciprocalBits;
  const offsets = tableOf(intervals, entryBits, (begin) => 1 / begin);
  const slopes = tableOf(intervals, entryBits, (begin) => (1 / (begin + width) - 1 / begin) / width);
  return protocol('reciprocal', async function inverse(mpc: Backend, m: SharedTensor): Promise<SharedTensor> {
    const { index, rest } = await located(mpc, m, intervals);
    const offset = await mpc.lookUp(index, offsets);
    const slope = await mpc.lookUp(index, slopes);
    const wide = await mpc.widen(slope, entryBits + offset.fractionBits);
    const correction = await truncated(mpc, await mpc.multiply(wide, rest, 'non-negative'), offset);
    return mpc.add(offset, correction);
  });
}

/** m [n] from 1 to 4 at entryBits - 2 → 1/sqrt(m) [n] in a ring of `entryBits` */
export function inverseRootOf({ rootBits, entryBits }: Pick<IronNumbers, 'rootBits' | 'entryBits'>) {
  const intervals = { low: 1, high: 4, bits: rootBits - 2 };
  const begins = tableOf(intervals, entryBits, (begin) => (begin + 2 ** -(rootBits - 1)) ** -0.5);
  return protocol('inverseSqrt', async function root(mpc: Backend, m: SharedTensor): Promise<SharedTensor> {
    const { index } = await located(mpc, m, intervals);
    const begin = await mpc.lookUp(index, begins);
    const square = await truncated(mpc, await mpc.square(begin, 2 * entryBits - 2, 'non-negative'), begin);
    // y (3 - m y²) / 2
    const wideBits = entryBits + begin.fractionBits + 2;
    const product = await mpc.multiply(await mpc.widen(m, wideBits), square, 'non-negative');
    const near = await truncated(mpc, product, { ringBits: entryBits + 2, fractionBits: begin.fractionBits });
    const factor = await widenNonNegative(mpc, begin, wideBits);
    const three = mpc.addPublic(mpc.negate(near), 3);
    const twice = await mpc.multiply(factor, three, 'non-negative');
    return truncated(mpc, mpc.reinterpret(twice, twice.fractionBits + 1), begin);
  });
}
