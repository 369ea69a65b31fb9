/**
 * A sharing modulo 2^from as one modulo 2^to, for |value| < 2^(from - 2) (Huang et al., Cheetah, USENIX Security 2022,
 * section 5.1). u = value + 2^(from - 2) is below 2^(from - 1), so its shares wrap exactly when one of their top bits is set:
 * wrap = 1 - n_0·n_1, with n_i = 1 where the top bit is 0. Then u = u_0 + u_1 - 2^from·wrap over the integers. Exact.
 *
 * Cost: 1 COT, 1 bit one way, to - from bits back.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { PartyContext } from '../context/party-context.js';
import type { Carries } from './bit-product.js';

/** x [n] modulo 2^from → [n] modulo 2^to; from is at least 2 */
export const widen = protocol(
  'widen',
  async (
    { session }: PartyContext,
    x: BigUint64Array,
    from: number,
    to: number,
    carries: Carries,
  ): Promise<BigUint64Array> => {
    if (to === from) return x;
    const isServer = session.self === 'server';
    const offset = 1n << BigInt(from - 2);
    const moved = isServer ? sum(x, offset, from) : null;
    const own = moved ?? x;
    const noTopBit = takeWords(x.length);
    const bits = takeBytes(x.length);
    kernels.ringSignBit(own, from, bits);
    kernels.bitsNot(bits, bits);
    kernels.ringFromBits(bits, noTopBit);

    const share = await carries(noTopBit, to - from);
    kernels.ringScale(share, 1n << BigInt(from), to, share);
    kernels.ringAdd(share, own, to, share);
    if (isServer) sum(share, -(1n << BigInt(from)) - offset, to, share);
    giveBack(moved, noTopBit, bits);
    return share;
  },
);

/** x and a constant modulo 2^ringBits. */
function sum(
  x: BigUint64Array,
  constant: bigint,
  ringBits: number,
  out = takeWords(x.length),
): BigUint64Array {
  kernels.ringAdd(x, BigUint64Array.of(BigInt.asUintN(ringBits, constant)), ringBits, out);
  return out;
}
