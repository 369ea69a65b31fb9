/**
 * Rounding that neither party can see: the lowest `bits` bits of a shared value leave, rounded to nearest, exactly. Shifting both
 * shares alone (`truncateReduce`) is off by whether their low bits carry, and each party knows its half of that error: where a
 * result is opened later, it is a known random number in it. Here the carry is computed: [low_0 + low_1 >= 2^bits] is the top
 * bit of shares below 2^bits in a ring of bits + 1, lifted to numbers and added.
 *
 * Cost: one comparison of bits + 1 bits and one `toArithmetic` of ringBits - bits.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyContext } from '../context/party-context.js';
import type { Carries } from './bit-product.js';
import { toArithmetic } from './to-arithmetic.js';

/** x [n] modulo 2^ringBits → its top bits [n], one byte each. */
export type TopBit = (x: BigUint64Array, ringBits: number) => Promise<Uint8Array>;

/** x [n] modulo 2^ringBits → round(x / 2^bits) [n] modulo 2^(ringBits - bits) */
export const round = protocol(
  'round',
  async (
    party: PartyContext,
    x: BigUint64Array,
    ringBits: number,
    bits: number,
    topBit: TopBit,
    carries: Carries,
  ): Promise<BigUint64Array> => {
    if (bits === 0 || x.length === 0) return x;
    const rest = ringBits - bits;
    const half = party.session.self === 'server' ? 1n << BigInt(bits - 1) : 0n;
    const own = new BigUint64Array(x.length);
    kernels.ringAdd(x, BigUint64Array.of(half), ringBits, own);
    const low = new BigUint64Array(x.length);
    kernels.ringMask(own, bits, low);
    const carryBits = await topBit(low, bits + 1);
    const carried = await toArithmetic(carryBits, rest, carries);
    const out = new BigUint64Array(x.length);
    kernels.ringShiftRight(own, ringBits, bits, 0, rest, out);
    kernels.ringAdd(out, carried, rest, out);
    return out;
  },
);
