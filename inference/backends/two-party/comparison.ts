/**
 * The top bit of a shared value: msb(x_0) XOR msb(x_1) XOR carry, the carry of the low ringBits - 1 bits being a
 * millionaires' comparison (Rathee et al., CrypTFlow2, CCS 2020, section 3). Digits of at most 4 bits are compared by
 * 1-of-16 OT; in place of a tree of ANDs, the digits' signs come as additive shares of
 * T = -[a_0 > b_0] + Σ_(i>=1) 2^(i-1) sign(b_i - a_i) modulo 2^L for L digits, which is negative exactly when the carry
 * is set (kernels/src/comparison.h): the same question again, on L bits.
 *
 * Copies of one value with different public constants added are compared with one set of COTs: the server adds the constants,
 * so the client chooses the same messages for all of them, and each COT has a pad for each copy.
 *
 * Cost for 13 bits: 12 + 2 COTs, 14 + 123 bits, and two one-way exchanges; one suffices up to 5 bits, two up to 21. For c copies
 * 12 + 2c COTs, 12 + 125c bits.
 */
import { kernels } from '../../../kernels/addon.js';
import { TensorMismatchError } from '../../core/errors.js';
import { protocol } from '../../core/span.js';
import type { ReceiverCots, SenderCots } from '../../crypto/ot/cot.js';
import { exchange, oneWay, type ReceiverJob, type SenderJob, type TwoParty } from './cot-exchange.js';

abstract class ComparisonHalf {
  readonly items: number;
  readonly cotsPerItem: number;
  /** This party's share of T modulo 2^digits, [copies, items]. */
  readonly share: BigUint64Array;

  /** x [copies, items] */
  constructor(
    readonly x: BigUint64Array,
    readonly ringBits: number,
    readonly copies: number,
  ) {
    this.items = x.length / copies;
    this.cotsPerItem = ringBits - 1;
    this.share = new BigUint64Array(x.length);
  }

  /** Of one copy after the other. */
  messageBytes(items: number): number {
    return this.copies * this.copyBytes(items);
  }

  protected copyBytes(items: number): number {
    return kernels.comparisonMessageBytes(items, this.ringBits);
  }

  /** Items of one copy. */
  protected part(words: BigUint64Array, copy: number, begin: number, end: number): BigUint64Array {
    return words.subarray(copy * this.items + begin, copy * this.items + end);
  }

  protected partOfMessage(message: Uint8Array, copy: number, items: number): Uint8Array {
    const bytes = this.copyBytes(items);
    return message.subarray(copy * bytes, (copy + 1) * bytes);
  }
}

class ComparisonSender extends ComparisonHalf implements SenderJob {
  answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array {
    const message = new Uint8Array(this.messageBytes(end - begin));
    for (let copy = 0; copy < this.copies; copy++)
      kernels.comparisonSend(
        cots.delta,
        cots.blocks,
        cots.tweak,
        corrections,
        this.part(this.x, copy, begin, end),
        this.ringBits,
        this.part(this.share, copy, begin, end),
        this.partOfMessage(message, copy, end - begin),
        copy,
      );
    return message;
  }
}

/** Its x is the same in all copies. */
class ComparisonReceiver extends ComparisonHalf implements ReceiverJob {
  /** Pads of the messages to come, [copies, items, words]. */
  readonly #pads: BigUint64Array;
  readonly #padWords: number;

  constructor(x: BigUint64Array, ringBits: number, copies: number) {
    super(x, ringBits, copies);
    this.#padWords = kernels.comparisonPadWords(ringBits);
    this.#pads = new BigUint64Array(x.length * this.#padWords);
  }

  begin({ blocks, tweak, choices }: ReceiverCots, begin: number, end: number): Uint8Array {
    const corrections = new Uint8Array(Math.ceil(choices.length / 8));
    for (let copy = 0; copy < this.copies; copy++)
      kernels.comparisonBegin(
        blocks,
        tweak,
        choices,
        this.part(this.x, copy, begin, end),
        this.ringBits,
        this.#padsOf(copy, begin, end),
        corrections,
        copy,
      );
    return corrections;
  }

  finish(message: Uint8Array, begin: number, end: number): void {
    for (let copy = 0; copy < this.copies; copy++)
      kernels.comparisonFinish(
        this.part(this.x, copy, begin, end),
        this.partOfMessage(message, copy, end - begin),
        this.ringBits,
        this.#padsOf(copy, begin, end),
        this.part(this.share, copy, begin, end),
      );
  }

  #padsOf(copy: number, begin: number, end: number): BigUint64Array {
    const first = copy * this.items;
    return this.#pads.subarray((first + begin) * this.#padWords, (first + end) * this.#padWords);
  }
}

/** The share's own top bits with the carry below them, found from the shares of T. */
async function withCarry(
  party: TwoParty,
  x: BigUint64Array,
  ringBits: number,
  share: BigUint64Array,
): Promise<Uint8Array> {
  const own = new Uint8Array(x.length);
  kernels.ringSignBit(x, ringBits, own);
  const carry = await carriedTopBit(party, share, kernels.comparisonDigits(ringBits));
  kernels.bitsXor(own, carry, own);
  return own;
}

async function carriedTopBit(party: TwoParty, x: BigUint64Array, ringBits: number): Promise<Uint8Array> {
  if (ringBits === 1) {
    const own = new Uint8Array(x.length);
    kernels.ringSignBit(x, ringBits, own);
    return own;
  }
  const { share } = await oneWay(party, {
    sender: () => new ComparisonSender(x, ringBits, 1),
    receiver: () => new ComparisonReceiver(x, ringBits, 1),
  });
  return withCarry(party, x, ringBits, share);
}

/** x [n] shared modulo 2^ringBits → XOR shares of its top bit [n], one byte each */
export const topBit = protocol('isNegative', carriedTopBit);

/** Copies a pad has numbers for. */
const MOST_COPIES = 1024;

/**
 * x [copies, n] shared modulo 2^ringBits, copies that differ by public constants only → XOR shares of the top bits [copies, n].
 * The client's shares are equal in all copies, since the server adds public constants.
 */
export const topBitsOfCopies = protocol(
  'isNegative',
  async (party: TwoParty, x: BigUint64Array, ringBits: number, copies: number): Promise<Uint8Array> => {
    if (ringBits === 1 || copies === 1 || copies > MOST_COPIES || x.length === 0)
      return carriedTopBit(party, x, ringBits);
    party.nextReceiver = 'server';
    if (party.session.self === 'server') {
      const sender = new ComparisonSender(x, ringBits, copies);
      await exchange(party, sender, null);
      return withCarry(party, x, ringBits, sender.share);
    }
    expectEqualCopies(x, copies);
    const receiver = new ComparisonReceiver(x, ringBits, copies);
    await exchange(party, null, receiver);
    return withCarry(party, x, ringBits, receiver.share);
  },
);

/** @throws TensorMismatchError unless the client's shares are the same in all copies */
function expectEqualCopies(x: BigUint64Array, copies: number): void {
  const bytes = Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  const each = bytes.length / copies;
  for (let copy = 1; copy < copies; copy++)
    if (bytes.compare(bytes, 0, each, copy * each, (copy + 1) * each) !== 0)
      throw new TensorMismatchError(
        `isNegative: expected copies that differ by public constants, got another share in copy ${copy}`,
      );
}
