/**
 * Squares into a larger ring ahead of time: x of m bits into k, as in products/narrow-product.ts. With Y = a + p modulo 2^m, where the first party knows a
 * and the second p, tops t_a and t_p, low the lower bits of a, and p and a read as signed numbers, what is left of Y² is
 *   p·(a + 2^m·t_a·t_p) + 2^m·t_p·t_a·a = p·low - 2^(m-1)·t_a·(1 - 2 t_p)·p + 2^m·t_p·t_a·a   modulo 2^(k-1).
 * a is random; online the first party makes it its share (it sends the difference). The second one masks p by rho of m bits: of d = p - rho both know, so
 *   p = d + rho - 2^m·(w + t_p),   w whether d + rho wraps,   and modulo 2^(k-m) p = d + rho.
 * So p·low = (d + rho)·low - 2^m·(w + t_p)·low. What depends on the bits t_p and w is rehearsed with random bits u and v in their places,
 * of which the second party opens the differences; 1 - 2 t_p is 1 - 2 u or its opposite.
 *
 * Made: shares of rho·low, t_a·(1 - 2u)·rho, t_a·(1 - 2u), u·(t_a·a - low), -v·low. Online m bits there, m + 2 back: all uniform.
 */
import { kernels } from '#kernels';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { SquareCorrelation } from '../../../material/correlation.js';
import type { Sign } from '../../backend.js';
import type { PartyContext } from '../context/party-context.js';
import { lifted, nonNegative, squareOf } from '../products/narrow-product.js';
import type { Field, TakenField } from './packed-store.js';
import { receiveBits, receiveWords, sendBits, sendDifference } from './packed-words.js';
import { answering, asking } from './question.js';

export interface MixedRings {
  /** Of p·low; of what t_a selects; of what t_p and w select (0: there is nothing). */
  readonly cross: number;
  readonly top: number;
  readonly wrap: number;
}

export const mixedRings = ({ bits, ringBits }: SquareCorrelation): MixedRings => ({
  cross: ringBits - 1,
  top: ringBits - bits,
  wrap: ringBits - bits - 1,
});

/** What a party keeps of a square: a, or rho, u and v; and its shares. */
export function mixedFields(correlation: SquareCorrelation, isFirst: boolean): Field[] {
  const { cross, top, wrap } = mixedRings(correlation);
  const number = (bits: number): Field => ({ width: 1, bits });
  const bit: Field = { ...number(Math.min(1, wrap)), as: 'bits' };
  const own = isFirst ? [] : [bit, bit];
  return [
    number(correlation.bits),
    ...own,
    number(cross),
    number(top),
    number(top),
    number(wrap),
    number(wrap),
  ];
}

/** Shares: of rho·low, of t_a·(1 - 2u)·rho, of t_a·(1 - 2u), of u·(t_a·a - low), of -v·low. */
interface Shares {
  readonly cross: BigUint64Array;
  readonly topRho: BigUint64Array;
  readonly top: BigUint64Array;
  readonly ofTop: BigUint64Array;
  readonly ofWrap: BigUint64Array;
}

/** x [n] → x² [n], from squares that were taken */
export async function mixedSquare(
  party: PartyContext,
  correlation: SquareCorrelation,
  isFirst: boolean,
  x: BigUint64Array,
  sign: Sign,
  made: TakenField[],
): Promise<BigUint64Array> {
  const { bits, ringBits } = correlation;
  const own = nonNegative(party, x, bits, sign);
  const opened = await (isFirst ? openFirst : openSecond)(party, correlation, own, made);
  const { words } = opened;
  const terms = combined(correlation, opened);
  const read = lifted(words, bits, ringBits);
  const out = squareOf(party, read, bits, ringBits, sign, terms);
  giveBack(own, words, read.topBits, read.signed, terms.cross, terms.wrap);
  return out;
}

/** After both messages. */
interface Opened {
  /** This party's new share: a, or p. */
  readonly words: BigUint64Array;
  /** p - rho */
  readonly difference: BigUint64Array;
  /** t_p XOR u and w XOR v; null where nothing wraps. */
  readonly flips: readonly [Uint8Array, Uint8Array] | null;
  readonly shares: Shares;
  /** The first party's a without its top bit, and that bit. */
  readonly low: BigUint64Array | null;
  readonly topBits: Uint8Array | null;
}

const sharesOf = (fields: readonly TakenField[]): Shares => {
  const [cross, topRho, top, ofTop, ofWrap] = fields as BigUint64Array[];
  return { cross: cross!, topRho: topRho!, top: top!, ofTop: ofTop!, ofWrap: ofWrap! };
};

async function openFirst(
  party: PartyContext,
  correlation: SquareCorrelation,
  y: BigUint64Array,
  made: TakenField[],
): Promise<Opened> {
  const { bits } = correlation;
  const { wrap } = mixedRings(correlation);
  const { channel } = party.session;
  const n = y.length;
  const words = made[0] as BigUint64Array;
  const { difference, flips } = await asking(
    party,
    () => sendDifference(channel, y, words, bits),
    async () => ({
      difference: await receiveWords(channel, n, bits),
      flips: wrap === 0 ? null : ([await receiveBits(channel, n), await receiveBits(channel, n)] as const),
    }),
  );
  const [low, topBits] = [takeWords(n), takeBytes(n)];
  kernels.ringMask(words, bits - 1, low);
  kernels.ringSignBit(words, bits, topBits);
  return { words, difference, flips, shares: sharesOf(made.slice(1)), low, topBits };
}

async function openSecond(
  party: PartyContext,
  correlation: SquareCorrelation,
  y: BigUint64Array,
  made: TakenField[],
): Promise<Opened> {
  const { bits } = correlation;
  const { wrap } = mixedRings(correlation);
  const { channel } = party.session;
  const [rho, u, v] = made as [BigUint64Array, Uint8Array, Uint8Array];
  const difference = takeWords(y.length);
  const words = await answering(party, y.length, bits, (p) => {
    kernels.ringAdd(p, y, bits, p);
    kernels.ringSubtract(p, rho, bits, difference);
    sendDifference(channel, p, rho, bits);
    if (wrap === 0) return;
    const sum = takeWords(y.length);
    kernels.ringAdd(difference, rho, bits + 1, sum);
    const own = takeBytes(y.length);
    for (const [words, ringBits, bit] of [
      [p, bits, u],
      [sum, bits + 1, v],
    ] as const) {
      kernels.ringSignBit(words, ringBits, own);
      kernels.bitsXor(bit, own, bit);
      sendBits(channel, bit);
    }
    giveBack(sum, own);
  });
  giveBack(rho);
  const flips = wrap === 0 ? null : ([u, v] as const);
  return { words, difference, flips, shares: sharesOf(made.slice(3)), low: null, topBits: null };
}

/** This party's shares of the cross term and of the wrap (narrow-product.ts). */
function combined(correlation: SquareCorrelation, { difference, flips, shares, low, topBits }: Opened) {
  const rings = mixedRings(correlation);
  const { cross, topRho, top, ofTop, ofWrap } = shares;
  // t_a·(1 - 2 t_p)·p = ±(t_a (1 - 2u)·d + t_a (1 - 2u)·rho)
  kernels.ringMultiply(top, difference, rings.top, top);
  kernels.ringAdd(topRho, top, rings.top, topRho);
  if (flips) kernels.ringNegateWhere(flips[0], topRho, rings.top, topRho);
  kernels.ringAddScaled(topRho, -(1n << BigInt(correlation.bits - 1)), rings.cross, cross);
  if (low) {
    kernels.ringMultiply(difference, low, rings.cross, difference);
    kernels.ringAdd(cross, difference, rings.cross, cross);
  }
  giveBack(difference, top, topRho);
  if (!flips) {
    giveBack(low, topBits, ofTop, ofWrap);
    return { cross, wrap: null };
  }
  const [ofTopFlips, ofWrapFlips] = flips;
  kernels.ringNegateWhere(ofTopFlips, ofTop, rings.wrap, ofTop);
  kernels.ringNegateWhere(ofWrapFlips, ofWrap, rings.wrap, ofWrap);
  if (low && topBits) {
    kernels.ringScale(low, -1n, rings.wrap, low);
    kernels.ringAddWhere(ofWrapFlips, low, rings.wrap, ofWrap);
    kernels.bitsNot(topBits, topBits);
    kernels.bitsAnd(ofTopFlips, topBits, ofTopFlips);
    kernels.ringAddWhere(ofTopFlips, low, rings.wrap, ofTop);
  }
  kernels.ringAdd(ofTop, ofWrap, rings.wrap, ofTop);
  giveBack(low, topBits, ofTopFlips, ofWrapFlips, ofWrap);
  return { cross, wrap: ofTop };
}
