/**
 * Products into a ring that is larger than the multiplier's: exact, and at the price of the multiplier's bits. (The mixed
 * bit widths of Rathee et al., SiRnn, S&P 2021, section 4, with the known-sign wrap of Cheetah, so that no wrap bit is ever
 * computed.)
 *
 * For y modulo 2^m with |y| < 2^(m-2), Y = y + 2^(m-2) is in [0, 2^(m-1)); a non-negative y < 2^(m-1) is its own Y. Let s_i be the share Y_i read as a signed m-bit
 * number and t_i its top bit. Then over the integers Y = s_0 + s_1 + 2^m·t_0·t_1: the shares wrap exactly when a top bit is
 * set. The correction shares its choice bit with the top bit of the product, so it costs no further COT:
 *
 *   x·Y = Σ_i x_i·s_i + Σ_i x_i·(s_j + 2^m·t_i·t_j), and the top bit t_j of s_j multiplies -2^(m-1)·(1 - 2 t_i)·x_i.
 *
 * Cost: `multiplyNarrow` m COTs each way for a row of w, one round trip, 2·w·Σ_(b<m) (ringBits - b) bits;
 * `squareInto` m COTs one way and 1 back, one round trip, Σ_(b<m) (ringBits - 1 - b) + ringBits - m - 1 bits.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { Sign } from '../../backend.js';
import type { PartyId } from '../../../core/tensors.js';
import type { Use } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turn, Turns } from '../context/turns.js';
import { exchange } from '../exchange/cot-exchange.js';
import { bitPlan, type ProductPlan, ProductReceiver, ProductSender } from './cot-product.js';
import { droppedBothWays, ownProduct, takeOffBias } from './cut-product.js';

/** In each of both directions. */
export const multiplyNarrowPlan = (
  items: number,
  width: number,
  bits: number,
  ringBits: number,
  dropped: number,
): ProductPlan => ({ items, bits, ringBits, width, signed: true, dropped: droppedBothWays(dropped) });

/** The cross product, one way, and the wrap, the other way if its ring has bits. */
export const squareIntoPlans = (items: number, bits: number, ringBits: number, dropped: number) => ({
  // It counts twice.
  cross: {
    items,
    bits,
    ringBits: ringBits - 1,
    width: 1,
    signed: true,
    dropped: Math.max(0, dropped - 1),
  } satisfies ProductPlan,
  wrap: ringBits - bits > 1 ? bitPlan(items, ringBits - bits - 1) : null,
});

/** Into a larger ring the wrap goes the other way, so that nobody's turn is over. */
export const takeSquareTurn = (turns: Turns, bits: number, ringBits: number): Turn =>
  ringBits - bits > 1 ? turns.takeWithReturn() : turns.takeTurn();

/** Of a square in one ring, or into a larger one. */
export const squareUse = (items: number, bits: number, ringBits: number, receiver: PartyId): Use =>
  bits < 2 ? [] : [[{ kind: 'square', bits, ringBits, first: receiver }, items]];

/** A product or square of numbers modulo 2^bits in a ring of as many bits or more, `ringBits`, whose `dropped` lowest bits will be cut off and need not be exact (cut-product.ts). */
export interface NarrowPlan {
  readonly bits: number;
  readonly ringBits: number;
  readonly sign: Sign;
  readonly dropped: number;
}

/** A non-negative sharing and what this party reads off its own share of it: taken arrays, the caller's to give back. */
export interface Lifted {
  /** Y_i modulo 2^bits. */
  readonly words: BigUint64Array;
  /** t_i */
  readonly topBits: Uint8Array;
  /** s_i modulo 2^ringBits. */
  readonly signed: BigUint64Array;
}

/** This party's share of Y modulo 2^bits, taken: of a signed value the server adds 2^(bits - 2). */
export function nonNegative(
  { session }: PartyContext,
  y: BigUint64Array,
  bits: number,
  sign: Sign,
): BigUint64Array {
  const words = takeWords(y.length);
  const offset = sign === 'signed' && session.self === 'server' ? 1n << BigInt(bits - 2) : 0n;
  kernels.ringAdd(y, BigUint64Array.of(offset), bits, words);
  return words;
}

/** words: a share Y_i modulo 2^bits. */
export function lifted(words: BigUint64Array, bits: number, ringBits: number): Lifted {
  const signed = takeWords(words.length);
  kernels.ringSignExtend(words, bits, ringBits, signed);
  return { words, topBits: topBitsOf(words, bits), signed };
}

/** t_i; taken */
function topBitsOf(words: BigUint64Array, bits: number): Uint8Array {
  const topBits = takeBytes(words.length);
  kernels.ringSignBit(words, bits, topBits);
  return topBits;
}

/** (1 - 2·bit)·x, bits [n], x [n, width]; taken */
export function negatedWhere(bits: Uint8Array, x: BigUint64Array, ringBits: number): BigUint64Array {
  const out = takeWords(x.length);
  kernels.ringNegateWhere(bits, x, ringBits, out);
  return out;
}

/** -2^(bits - 2) */
const negatedOffset = (bits: number, ringBits: number): bigint =>
  BigInt.asUintN(ringBits, -(1n << BigInt(bits - 2)));

function addConstant(x: BigUint64Array, constant: bigint, ringBits: number): void {
  kernels.ringAdd(x, BigUint64Array.of(BigInt.asUintN(ringBits, constant)), ringBits, x);
}

/** x [n, width] modulo 2^ringBits, y [n] modulo 2^bits, |y| < 2^(bits - 2), bits <= ringBits → y[i]·x[i, :] [n, width] */
export const multiplyNarrow = protocol(
  'multiplyNarrow',
  async (
    party: PartyContext,
    x: BigUint64Array,
    y: BigUint64Array,
    { bits, ringBits, sign, dropped }: NarrowPlan,
  ): Promise<BigUint64Array> => {
    if (x.length === 0) return new BigUint64Array(0);
    const words = nonNegative(party, y, bits, sign);
    const topBits = topBitsOf(words, bits);
    const plan = multiplyNarrowPlan(y.length, x.length / y.length, bits, ringBits, dropped);
    const top = negatedWhere(topBits, x, ringBits);
    const sender = new ProductSender(plan, x, top);
    const receiver = new ProductReceiver(plan, words);
    await exchange(party, sender, receiver);

    const out = ownProduct(plan, words, x);
    if (sign === 'signed') kernels.ringAddScaled(x, negatedOffset(bits, ringBits), ringBits, out); // x·y = x·Y - 2^(bits - 2)·x
    kernels.ringAdd(out, sender.share, ringBits, out);
    kernels.ringAdd(out, receiver.share, ringBits, out);
    giveBack(words, topBits, top, sender.share, receiver.share);
    return out;
  },
);

/**
 * x [n] modulo 2^bits, |x| < 2^(bits - 2) → x·x [n] modulo 2^ringBits, bits < ringBits <= 2·bits - 1. With Y = x + 2^(bits - 2):
 * Y² = s_0² + s_1² + 2·s_1·(s_0 + 2^bits·t_0·t_1) + 2^(bits+1)·t_1·(t_0·s_0) modulo 2^(2·bits), roles either way round.
 */
export const squareInto = protocol(
  'square',
  async (
    party: PartyContext,
    x: BigUint64Array,
    { bits, ringBits, sign, dropped }: NarrowPlan,
    receiver: PartyId,
  ): Promise<BigUint64Array> => {
    const own = lifted(nonNegative(party, x, bits, sign), bits, ringBits);
    const { words, topBits, signed } = own;
    const isReceiver = receiver === party.session.self;
    const { cross, wrap } = squareIntoPlans(x.length, bits, ringBits, dropped);
    const top = isReceiver ? null : negatedWhere(topBits, signed, ringBits);
    const factors = wrap ? wrapFactors(isReceiver, topBits, signed) : null;
    let terms: CrossTerms;
    if (top) {
      const crossJob = new ProductSender(cross, signed, top);
      const wrapJob = wrap && factors && new ProductReceiver(wrap, factors);
      await exchange(party, crossJob, wrapJob);
      terms = { cross: crossJob.share, wrap: wrapJob?.share ?? null };
    } else {
      const crossJob = new ProductReceiver(cross, words);
      const wrapJob = wrap && factors && new ProductSender(wrap, factors);
      await exchange(party, wrapJob, crossJob);
      takeOffBias(cross, words, crossJob.share);
      terms = { cross: crossJob.share, wrap: wrapJob?.share ?? null };
    }
    const out = squareOf(party, own, bits, ringBits, sign, terms);
    giveBack(words, topBits, signed, top, factors, terms.cross, terms.wrap);
    return out;
  },
);

/** Shares of s_0·(s_1 + 2^bits·t_0·t_1) modulo 2^(ringBits - 1) and of t_1·t_0·s_0 modulo 2^(ringBits - bits - 1), if that is a ring. */
export interface CrossTerms {
  readonly cross: BigUint64Array;
  readonly wrap: BigUint64Array | null;
}

/** This party's share of x², local, in `out`; taken. */
export function squareOf(
  { session }: PartyContext,
  { signed }: Lifted,
  bits: number,
  ringBits: number,
  sign: Sign,
  { cross, wrap }: CrossTerms,
  out = takeWords(signed.length),
): BigUint64Array {
  const middle = sign === 'signed' ? -(1n << BigInt(bits - 1)) : 0n; // x² = Y² - 2^(bits-1)·Y + 2^(2·bits-4)
  kernels.ringAdd(signed, BigUint64Array.of(BigInt.asUintN(ringBits, middle)), ringBits, out);
  kernels.ringMultiply(out, signed, ringBits, out);
  kernels.ringAddScaled(cross, 2n, ringBits, out);
  if (wrap) kernels.ringAddScaled(wrap, 1n << BigInt(bits + 1), ringBits, out);
  const isServer = session.self === 'server';
  if (sign === 'signed' && isServer) addConstant(out, 1n << BigInt(2 * bits - 4), ringBits);
  return out;
}

/** What the party that receives (or not) in the cross product brings to t_1·(t_0·s_0): t_0·s_0, which it sends, or t_1; taken. */
function wrapFactors(receivesCross: boolean, topBits: Uint8Array, signed: BigUint64Array): BigUint64Array {
  const factors = takeWords(topBits.length);
  if (receivesCross) kernels.ringSelect(topBits, signed, factors);
  else kernels.ringFromBits(topBits, factors);
  return factors;
}
