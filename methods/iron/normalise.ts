/**
 * Numbers by their leading bit, as SiRNN's reciprocals begin: x = m · base^k with m from 1 to base. k is found by comparisons with
 * all powers of the base in the public range of x; powers of base^k are public steps over their bits.
 */
import type { Backend } from '../../inference/backends/backend.js';
import type { RingFormat } from '../../inference/core/ring-tensor.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { signedBits, widenNonNegative } from '../../inference/functions/fixed-point.js';
import { truncated } from './truncate.js';

/** Ring of the steps: wider than any power that is asked for. */
const STEP_BITS = 48;

export interface Normalised {
  /** m [n] at the given fraction bits, with room for a sign and a carry. */
  readonly mantissa: SharedTensor;
  /** (base^k)^power [n], exact in the given format */
  scale(power: number, format: RingFormat): SharedTensor;
}

/** Exponents of the base between which x lies. */
export const exponents = (base: number, { low, high }: { readonly low: number; readonly high: number }) => {
  const of = (value: number) => Math.floor(Math.log(value) / Math.log(base) + 1e-9);
  return { first: of(low), last: of(high) };
};

/** x [n] from `low` to `high` → m at `fractionBits` */
export async function normalised(
  mpc: Backend,
  x: SharedTensor,
  base: number,
  range: { readonly low: number; readonly high: number },
  fractionBits: number,
): Promise<Normalised> {
  const rows = x.shape[0]!;
  const { first, last } = exponents(base, range);
  const borders = Array.from({ length: last - first }, (_, i) => base ** (first + 1 + i));
  const below = await mpc.areNegative(
    x,
    borders.map((border) => [{ rows, value: -border }]),
  );
  const reached = await mpc.toArithmetic(mpc.not(below), STEP_BITS);
  const scale = (power: number, { ringBits, fractionBits: bits }: RingFormat): SharedTensor =>
    borders.reduce(
      (sum, _, i) => {
        const step = base ** (power * (first + 1 + i)) - base ** (power * (first + i));
        const bit = mpc.reshape(mpc.slice(reached, 0, i, i + 1), [rows]);
        return mpc.add(sum, mpc.scale(mpc.narrow(bit, ringBits), step, bits));
      },
      mpc.constant(base ** (power * first), [rows], ringBits, bits),
    );

  const scaleBits = Math.max(0, last * Math.log2(base));
  const factor = { ringBits: signedBits(base ** -first, scaleBits) + 1, fractionBits: scaleBits };
  const room = signedBits(2 * base, x.fractionBits + scaleBits) + 1;
  const wide = room > x.ringBits ? await widenNonNegative(mpc, x, room) : x;
  const product = await mpc.multiply(wide, scale(-1, factor), 'non-negative');
  const format = { ringBits: signedBits(2 * base, fractionBits) + 1, fractionBits };
  return { mantissa: await truncated(mpc, product, format), scale };
}
