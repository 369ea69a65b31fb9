/**
 * The top bit of a shared value: msb(x_0) XOR msb(x_1) XOR carry, the carry of the low ringBits - 1 bits being a
 * millionaires' comparison (Rathee et al., CrypTFlow2, CCS 2020, section 3). Digits of at most 4 bits are compared by
 * 1-of-16 OT; in place of a tree of ANDs, the digits' signs come as additive shares of
 * T = -[a_0 > b_0] + Σ_(i>=1) 2^(i-1) sign(b_i - a_i) modulo 2^L for L digits, which is negative exactly when the carry
 * is set (kernels/src/comparison.h): the same question again, on L bits.
 *
 * Cost for 13 bits: 12 + 2 COTs, 14 + 123 bits, and two one-way exchanges; one suffices up to 5 bits, two up to 21.
 */
import { kernels } from '../../../kernels/addon.js';
import { protocol } from '../../core/span.js';
import type { ReceiverCots, SenderCots } from '../../crypto/ot/cot.js';
import { oneWay, type ReceiverJob, type SenderJob, type TwoParty } from './cot-exchange.js';

abstract class ComparisonHalf {
  readonly items: number;
  readonly cotsPerItem: number;
  /** This party's share of T modulo 2^digits. */
  readonly share: BigUint64Array;

  constructor(
    readonly x: BigUint64Array,
    readonly ringBits: number,
  ) {
    this.items = x.length;
    this.cotsPerItem = ringBits - 1;
    this.share = new BigUint64Array(x.length);
  }

  messageBytes(items: number): number {
    return kernels.comparisonMessageBytes(items, this.ringBits);
  }
}

class ComparisonSender extends ComparisonHalf implements SenderJob {
  answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array {
    const message = new Uint8Array(this.messageBytes(end - begin));
    kernels.comparisonSend(
      cots.delta,
      cots.blocks,
      cots.tweak,
      corrections,
      this.x.subarray(begin, end),
      this.ringBits,
      this.share.subarray(begin, end),
      message,
    );
    return message;
  }
}

class ComparisonReceiver extends ComparisonHalf implements ReceiverJob {
  /** Pads of the messages to come. */
  readonly #pads: BigUint64Array;
  readonly #padWords: number;

  constructor(x: BigUint64Array, ringBits: number) {
    super(x, ringBits);
    this.#padWords = kernels.comparisonPadWords(ringBits);
    this.#pads = new BigUint64Array(x.length * this.#padWords);
  }

  begin({ blocks, tweak, choices }: ReceiverCots, begin: number, end: number): Uint8Array {
    const corrections = new Uint8Array(Math.ceil(choices.length / 8));
    kernels.comparisonBegin(
      blocks,
      tweak,
      choices,
      this.x.subarray(begin, end),
      this.ringBits,
      this.#padsOf(begin, end),
      corrections,
    );
    return corrections;
  }

  finish(message: Uint8Array, begin: number, end: number): void {
    kernels.comparisonFinish(
      this.x.subarray(begin, end),
      message,
      this.ringBits,
      this.#padsOf(begin, end),
      this.share.subarray(begin, end),
    );
  }

  #padsOf(begin: number, end: number): BigUint64Array {
    return this.#pads.subarray(begin * this.#padWords, end * this.#padWords);
  }
}

async function carriedTopBit(party: TwoParty, x: BigUint64Array, ringBits: number): Promise<Uint8Array> {
  const own = new Uint8Array(x.length);
  kernels.ringSignBit(x, ringBits, own);
  if (ringBits === 1) return own;
  const { share } = await oneWay(party, {
    sender: () => new ComparisonSender(x, ringBits),
    receiver: () => new ComparisonReceiver(x, ringBits),
  });
  const carry = await carriedTopBit(party, share, kernels.comparisonDigits(ringBits));
  kernels.bitsXor(own, carry, own);
  return own;
}

/** x [n] shared modulo 2^ringBits → XOR shares of its top bit [n], one byte each */
export const topBit = protocol('isNegative', carriedTopBit);
