/**
 * Products of a bit that one party knows and a number that the other knows: what widening, bits as numbers and multiplexers
 * are made of. On demand one COT each; ahead/bit-products.ts has them made before.
 */
import { kernels } from '#kernels';
import { exchange, oneWay, type TwoParty } from '../exchange/cot-exchange.js';
import { ProductReceiver, ProductSender } from './cot-product.js';

/** This party's number as the sender and its bit as the receiver, [n] each. */
export interface BitFactors {
  readonly numbers: BigUint64Array;
  /** 0 or 1. */
  readonly bits: BigUint64Array;
}

export interface BitProducts {
  /** Shares modulo 2^ringBits of the receiver's bits times the sender's numbers; the parties take turns. */
  oneWay(factors: BitFactors, ringBits: number): Promise<BigUint64Array>;
  /** Both directions at once: the sum of both products; numbers [n, width], bits [n]. */
  both(factors: BitFactors, ringBits: number): Promise<BigUint64Array>;
}

export const bitProducts = (party: TwoParty): BitProducts => ({
  async oneWay({ numbers, bits }, ringBits) {
    const plan = { items: bits.length, bits: 1, ringBits, width: 1, signed: false };
    const { share } = await oneWay(party, {
      sender: () => new ProductSender(plan, numbers),
      receiver: () => new ProductReceiver(plan, bits),
    });
    return share;
  },
  async both({ numbers, bits }, ringBits) {
    const plan = {
      items: bits.length,
      bits: 1,
      ringBits,
      width: numbers.length / bits.length,
      signed: false,
    };
    const sender = new ProductSender(plan, numbers);
    const receiver = new ProductReceiver(plan, bits);
    await exchange(party, sender, receiver);
    kernels.ringAdd(sender.share, receiver.share, ringBits, sender.share);
    return sender.share;
  },
});
