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
import { type CrossTerms, type Lifted, lifted, nonNegative, squareOf } from '../products/narrow-product.js';
import type { Field, RemovedItems } from './packed-store.js';
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

/** After so many numbers the next ones: what is read and written over and over stays in the cache. */
const BLOCK = 1 << 15;

/** x [n] → x² [n], from squares that were removed */
export async function mixedSquare(
  party: PartyContext,
  correlation: SquareCorrelation,
  isFirst: boolean,
  x: BigUint64Array,
  sign: Sign,
  made: RemovedItems,
): Promise<BigUint64Array> {
  const { bits, ringBits } = correlation;
  const own = nonNegative(party, x, bits, sign);
  const { words, difference, flips, sharesAt } = await (isFirst ? openFirst : openSecond)(
    party,
    correlation,
    own,
    made,
  );
  const out = takeWords(x.length);
  for (let begin = 0; begin < x.length; begin += BLOCK) {
    const cut = <T extends BigUint64Array | Uint8Array>(all: T): T => all.subarray(begin, begin + BLOCK) as T;
    const read = lifted(cut(words), bits, ringBits);
    const shares = sharesOf(made, sharesAt, begin, begin + read.words.length);
    const terms = combined(correlation, {
      difference: cut(difference),
      flips: flips && [cut(flips[0]), cut(flips[1])],
      shares,
      own: isFirst ? read : null,
    });
    squareOf(party, read, bits, ringBits, sign, terms, cut(out));
    giveBack(read.topBits, read.signed, ...Object.values(shares));
  }
  giveBack(own, words, difference, ...(flips ?? []));
  return out;
}

/** t_p XOR u and w XOR v; null where nothing wraps. */
type Flips = readonly [Uint8Array, Uint8Array] | null;

/** After both messages, of all numbers; taken. */
interface Opened {
  /** This party's new share: a, or p. */
  readonly words: BigUint64Array;
  /** p - rho */
  readonly difference: BigUint64Array;
  readonly flips: Flips;
  /** Which field the first of the shares is. */
  readonly sharesAt: number;
}

function sharesOf(made: RemovedItems, first: number, begin: number, end: number): Shares {
  const read = (f: number) => made.read(first + f, begin, end) as BigUint64Array;
  return { cross: read(0), topRho: read(1), top: read(2), ofTop: read(3), ofWrap: read(4) };
}

async function openFirst(
  party: PartyContext,
  correlation: SquareCorrelation,
  y: BigUint64Array,
  made: RemovedItems,
): Promise<Opened> {
  const { bits } = correlation;
  const { wrap } = mixedRings(correlation);
  const { channel } = party.session;
  const n = y.length;
  const words = made.read(0) as BigUint64Array;
  const { difference, flips } = await asking(
    party,
    () => sendDifference(channel, y, words, bits),
    async () => ({
      difference: await receiveWords(channel, n, bits),
      flips: wrap === 0 ? null : ([await receiveBits(channel, n), await receiveBits(channel, n)] as const),
    }),
  );
  return { words, difference, flips, sharesAt: 1 };
}

async function openSecond(
  party: PartyContext,
  correlation: SquareCorrelation,
  y: BigUint64Array,
  made: RemovedItems,
): Promise<Opened> {
  const { bits } = correlation;
  const { wrap } = mixedRings(correlation);
  const { channel } = party.session;
  const [rho, u, v] = [0, 1, 2].map((f) => made.read(f)) as [BigUint64Array, Uint8Array, Uint8Array];
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
  return { words, difference, flips, sharesAt: 3 };
}

/** Of some numbers. */
interface Block {
  /** Overwritten, as the shares and the flips are. */
  readonly difference: BigUint64Array;
  readonly flips: Flips;
  readonly shares: Shares;
  /** The first party's a. */
  readonly own: Lifted | null;
}

/** This party's shares of the cross term and of the wrap (narrow-product.ts), in place of its shares of what was rehearsed. */
function combined(correlation: SquareCorrelation, { difference, flips, shares, own }: Block): CrossTerms {
  const rings = mixedRings(correlation);
  const { cross, topRho, top, ofTop, ofWrap } = shares;
  // t_a·(1 - 2 t_p)·p = ±(t_a (1 - 2u)·d + t_a (1 - 2u)·rho)
  kernels.ringMultiply(top, difference, rings.top, top);
  kernels.ringAdd(topRho, top, rings.top, topRho);
  if (flips) kernels.ringNegateWhere(flips[0], topRho, rings.top, topRho);
  kernels.ringAddScaled(topRho, -(1n << BigInt(correlation.bits - 1)), rings.cross, cross);
  const low = own && takeWords(difference.length);
  if (low) {
    kernels.ringMask(own.words, correlation.bits - 1, low);
    kernels.ringMultiply(difference, low, rings.cross, difference);
    kernels.ringAdd(cross, difference, rings.cross, cross);
  }
  if (flips) {
    const [ofTopFlips, ofWrapFlips] = flips;
    kernels.ringNegateWhere(ofTopFlips, ofTop, rings.wrap, ofTop);
    kernels.ringNegateWhere(ofWrapFlips, ofWrap, rings.wrap, ofWrap);
    if (low) {
      const noTopBit = takeBytes(low.length);
      kernels.ringScale(low, -1n, rings.wrap, low);
      kernels.ringAddWhere(ofWrapFlips, low, rings.wrap, ofWrap);
      kernels.bitsNot(own.topBits, noTopBit);
      kernels.bitsAnd(ofTopFlips, noTopBit, ofTopFlips);
      kernels.ringAddWhere(ofTopFlips, low, rings.wrap, ofTop);
      giveBack(noTopBit);
    }
    kernels.ringAdd(ofTop, ofWrap, rings.wrap, ofTop);
  }
  giveBack(low);
  return { cross, wrap: flips && ofTop };
}
