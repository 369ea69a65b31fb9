/**
 * Products of a bit that one party knows and a number that the other knows: what multiplexers are made of; and carries, products of a bit of
 * each party as a number: what widening and bits as numbers are made of. On demand one COT each; ahead/bit-products.ts and ahead/carries.ts have
 * them made before.
 */
import { kernels } from '#kernels';
import { type PartyId, peerOf } from '../../../core/tensors.js';
import { giveBack } from '../../../core/words.js';
import type { Use } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turn, Turns } from '../context/turns.js';
import { type CotJob, exchange, oneWay } from '../exchange/cot-exchange.js';
import { joinedJob, joinedReceiver, joinedSender } from '../exchange/joined-jobs.js';
import { bitPlan, type ProductPlan, ProductReceiver, ProductSender, productJob } from './cot-product.js';

/** This party's number as the sender and its bit as the receiver, [n] each. */
export interface BitFactors {
  readonly numbers: BigUint64Array;
  /** 0 or 1. */
  readonly bits: BigUint64Array;
}

export interface BitProducts {
  /** Shares modulo 2^ringBits of both parties' bits, 0 or 1 [n], multiplied. */
  carries(bits: BigUint64Array, ringBits: number, turn: Turn): Promise<BigUint64Array>;
  /** The sum of both products, of one's bit and the other's number; numbers [n, width], bits [n]. In one direction where `bothGoOneWay`. */
  both(factors: BitFactors, ringBits: number, turn: Turn): Promise<BigUint64Array>;
}

/** `BitProducts.both` by whose turn it is. */
export type BitProduct = (factors: BitFactors, ringBits: number) => Promise<BigUint64Array>;
/** `BitProducts.carries` likewise. */
export type Carries = (bits: BigUint64Array, ringBits: number) => Promise<BigUint64Array>;

export const carryUse = (items: number, ringBits: number): Use => [[{ kind: 'carry', ringBits }, items]];

const bitUse = (items: number, ringBits: number, receiver: PartyId): Use => [
  [{ kind: 'bit', ringBits, sender: peerOf(receiver) }, items],
];

/** Rows up to this wide count as single numbers, each with a bit of its own; longer ones are cheaper by one COT. */
const MOST_REPEATED = 4;

export const bothBitsUse = (items: number, width: number, ringBits: number): Use =>
  width > MOST_REPEATED
    ? []
    : [...bitUse(items * width, ringBits, 'client'), ...bitUse(items * width, ringBits, 'server')];

/**
 * Of a text through 6 layers or BERT-base a bound four times as high takes 1 to 2 MB more, in one message more and six fewer: most of these
 * products hide behind others, whose messages they share.
 */
const MOST_BYTES_FOR_A_MESSAGE = 1 << 16;
/** So few are waited for by all that comes: at most 1 MB. */
const FEW_ITEMS = 1 << 13;

/** Both products in one direction: of a number that the receiver knows, it chooses every bit. */
const bothPlans = (items: number, ringBits: number): readonly [ProductPlan, ProductPlan] => {
  const padded = 8 * Math.ceil(items / 8);
  return [bitPlan(padded, ringBits), { items: padded, bits: ringBits, ringBits, width: 1, signed: false }];
};

/** Is a message less worth the bits that it costs? */
export function bothGoOneWay(items: number, width: number, ringBits: number): boolean {
  const bits = items * ringBits * ((ringBits + 1) / 2 + 1);
  return width === 1 && items > 0 && (items <= FEW_ITEMS || bits / 8 <= MOST_BYTES_FOR_A_MESSAGE);
}

/** The turn of both products; in both directions nobody's is over. */
export const takeBothTurn = (turns: Turns, items: number, width: number, ringBits: number): Turn =>
  bothGoOneWay(items, width, ringBits) ? turns.takeTurn() : turns.takeBothWays();

/** What both parties know of both products in one direction. */
export function bothOneWayJob(items: number, ringBits: number): CotJob {
  const [bit, number] = bothPlans(items, ringBits);
  return joinedJob(productJob(bit), productJob(number));
}

async function bothOneWay(
  party: PartyContext,
  { numbers, bits }: BitFactors,
  ringBits: number,
  receiver: PartyId,
): Promise<BigUint64Array> {
  const [plan, numberPlan] = bothPlans(bits.length, ringBits);
  const padded = (words: BigUint64Array): BigUint64Array => {
    if (words.length === plan.items) return words;
    const out = new BigUint64Array(plan.items);
    out.set(words);
    return out;
  };
  const [n, b] = [padded(numbers), padded(bits)];
  const sumOf = (first: BigUint64Array, second: BigUint64Array): BigUint64Array => {
    kernels.ringAdd(first, second, ringBits, first);
    return first.length === bits.length ? first : first.slice(0, bits.length);
  };
  if (receiver === party.session.self) {
    const [first, second] = [new ProductReceiver(plan, b), new ProductReceiver(numberPlan, n)];
    await exchange(party, null, joinedReceiver(first, second));
    return sumOf(first.share, second.share);
  }
  const [first, second] = [new ProductSender(plan, n), new ProductSender(numberPlan, b)];
  await exchange(party, joinedSender(first, second), null);
  return sumOf(first.share, second.share);
}

export const bitProducts = (party: PartyContext): BitProducts => ({
  async carries(bits, ringBits, { receiver }) {
    const plan = bitPlan(bits.length, ringBits);
    const { share } = await oneWay(party, receiver, {
      sender: () => new ProductSender(plan, bits),
      receiver: () => new ProductReceiver(plan, bits),
    });
    return share;
  },
  async both({ numbers, bits }, ringBits, { receiver: first }) {
    const width = numbers.length / bits.length;
    if (bothGoOneWay(bits.length, width, ringBits))
      return bothOneWay(party, { numbers, bits }, ringBits, first);
    const plan = bitPlan(bits.length, ringBits, width);
    const sender = new ProductSender(plan, numbers);
    const receiver = new ProductReceiver(plan, bits);
    await exchange(party, sender, receiver);
    kernels.ringAdd(sender.share, receiver.share, ringBits, sender.share);
    giveBack(receiver.share);
    return sender.share;
  },
});
