/**
 * Numbers by their leading bit, as SiRNN's reciprocals begin (Rathee et al., IEEE S&P 2021, section 5.2): x = m · base^k with m from 1 to
 * base. Powers of base^k are read from a table at the place of the leading bit.
 */
import type { Backend } from '../../inference/backends/backend.js';
import type { RingFormat } from '../../inference/core/ring-tensor.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { signedBits, widenNonNegative } from '../../inference/functions/fixed-point.js';
import { leadingPlace, placeBitsOf, tableFor } from './leading-bit.js';
import { truncated } from './truncate.js';

export interface Normalised {
  /** m [n] at the given fraction bits, with room for a sign and a carry. */
  readonly mantissa: SharedTensor;
  /** (base^k)^power [n], exact in the given format */
  scale(power: number, format: RingFormat): Promise<SharedTensor>;
}

export interface Normalisation {
  /** A power of two. */
  readonly base: number;
  /** Public bounds of x. */
  readonly range: { readonly low: number; readonly high: number };
  /** Of the mantissa. */
  readonly fractionBits: number;
  /** Of x, by which its leading bit is found. */
  readonly digitBits: number;
}

/** Exponents of the base between which x lies. */
export const exponents = (base: number, { low, high }: Normalisation['range']) => {
  const of = (value: number) => Math.floor(Math.log(value) / Math.log(base) + 1e-9);
  return { first: of(low), last: of(high) };
};

/** x [n], in the range → its mantissa, and powers of base^k */
export async function normalised(
  mpc: Backend,
  x: SharedTensor,
  { base, range, fractionBits, digitBits }: Normalisation,
): Promise<Normalised> {
  const { first, last } = exponents(base, range);
  const place = await leadingPlace(mpc, x, digitBits);
  /** Of the base, by the place of the leading bit; kept in the range, as x is. */
  const exponentAt = (at: number): number =>
    Math.min(last, Math.max(first, Math.floor((at - x.fractionBits) / Math.log2(base))));
  const scale = (power: number, format: RingFormat): Promise<SharedTensor> => {
    const key = `${base}^${power} from ${first} to ${last} at ${x.fractionBits}`;
    const bits = placeBitsOf(x.ringBits);
    return mpc.lookUp(
      place,
      tableFor(key, bits, format, (at) => base ** (power * exponentAt(at))),
    );
  };

  const scaleBits = Math.max(0, last * Math.log2(base));
  const factor = { ringBits: signedBits(base ** -first, scaleBits) + 1, fractionBits: scaleBits };
  const room = signedBits(2 * base, x.fractionBits + scaleBits) + 1;
  const wide = room > x.ringBits ? await widenNonNegative(mpc, x, room) : x;
  const product = await mpc.multiply(wide, await scale(-1, factor), 'non-negative');
  const format = { ringBits: signedBits(2 * base, fractionBits) + 1, fractionBits };
  return { mantissa: await truncated(mpc, product, format), scale };
}
