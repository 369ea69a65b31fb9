/**
 * Products of a bit that one party knows and a number that the other knows: what widening, bits as numbers and multiplexers
 * are made of. On demand one COT each; ahead/bit-products.ts has them made before.
 */
import { kernels } from '#kernels';
import { type PartyId, peerOf } from '../../../core/tensors.js';
import { giveBack } from '../../../core/words.js';
import type { Use } from '../../../material/demand.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turn } from '../context/turns.js';
import { exchange, oneWay } from '../exchange/cot-exchange.js';
import { bitPlan, ProductReceiver, ProductSender } from './cot-product.js';

/** This party's number as the sender and its bit as the receiver, [n] each. */
export interface BitFactors {
  readonly numbers: BigUint64Array;
  /** 0 or 1. */
  readonly bits: BigUint64Array;
}

export interface BitProducts {
  /** Shares modulo 2^ringBits of the receiver's bits times the sender's numbers. */
  oneWay(factors: BitFactors, ringBits: number, turn: Turn): Promise<BigUint64Array>;
  /** Both directions at once: the sum of both products; numbers [n, width], bits [n]. */
  both(factors: BitFactors, ringBits: number, turn: Turn): Promise<BigUint64Array>;
}

/** `BitProducts.oneWay`, or `both`, by whose turn it is. */
export type BitProduct = (factors: BitFactors, ringBits: number) => Promise<BigUint64Array>;

export const bitUse = (items: number, ringBits: number, receiver: PartyId): Use => [
  [{ kind: 'bit', ringBits, sender: peerOf(receiver) }, items],
];

/** Rows up to this wide count as single numbers, each with a bit of its own; longer ones are cheaper by one COT. */
const MOST_REPEATED = 4;

export const bothBitsUse = (items: number, width: number, ringBits: number): Use =>
  width > MOST_REPEATED
    ? []
    : [...bitUse(items * width, ringBits, 'client'), ...bitUse(items * width, ringBits, 'server')];

export const bitProducts = (party: PartyContext): BitProducts => ({
  async oneWay({ numbers, bits }, ringBits, { receiver }) {
    const plan = bitPlan(bits.length, ringBits);
    const { share } = await oneWay(party, receiver, {
      sender: () => new ProductSender(plan, numbers),
      receiver: () => new ProductReceiver(plan, bits),
    });
    return share;
  },
  async both({ numbers, bits }, ringBits) {
    const plan = bitPlan(bits.length, ringBits, numbers.length / bits.length);
    const sender = new ProductSender(plan, numbers);
    const receiver = new ProductReceiver(plan, bits);
    await exchange(party, sender, receiver);
    kernels.ringAdd(sender.share, receiver.share, ringBits, sender.share);
    giveBack(receiver.share);
    return sender.share;
  },
});
