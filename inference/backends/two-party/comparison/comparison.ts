/**
 * The top bit of a shared value: msb(x_0) XOR msb(x_1) XOR carry, the carry of the low ringBits - 1 bits being a
 * millionaires' comparison (Rathee et al., CrypTFlow2, CCS 2020, section 3). Digits of at most 4 bits are compared by
 * 1-of-16 OT; in place of a tree of ANDs, the digits' signs come as additive shares of
 * T = -[a_0 > b_0] + Σ_(i>=1) 2^(i-1) sign(b_i - a_i) modulo 2^L for L digits, which is negative exactly when the carry
 * is set (kernels/src/cot/comparison.h): the same question again, on L bits.
 *
 * Copies of one value with different public constants added are compared with one set of COTs: the sender adds the constants,
 * so the receiver chooses the same messages for all of them, and each COT has a pad for each copy.
 *
 * Cost for 13 bits: 12 + 2 COTs, 14 + 123 bits, and two one-way exchanges; one suffices up to 5 bits, two up to 21. For c copies
 * 12 + 2c COTs, 12 + 125c bits.
 */
import { kernels } from '#kernels';
import { repeat } from '../../../core/layout.js';
import { protocol } from '../../../core/span.js';
import { type PartyId, peerOf } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { ReceiverCots, SenderCots } from '../../../crypto/ot/cot.js';
import type { Use } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import { type CotJob, oneWay, type ReceiverJob, type SenderJob } from '../exchange/cot-exchange.js';

/** What both parties know of one level: of all copies, one after the other. */
export const comparisonJob = (items: number, ringBits: number, copies = 1): CotJob => ({
  items,
  cotsPerItem: ringBits - 1,
  messageBytes: (count) => copies * kernels.comparisonMessageBytes(count, ringBits),
});

/** Digits of more ring bits than this need wider pads than pools keep. */
const MOST_POOLED_BITS = 33;

/** Of one level. */
export const comparisonUse = (items: number, ringBits: number, copies: number, receiver: PartyId): Use =>
  ringBits > MOST_POOLED_BITS
    ? []
    : [[{ kind: 'comparison', ringBits, copies, sender: peerOf(receiver) }, items]];

/** Of all levels for one copy, in these turns. */
export function levelsUse(items: number, ringBits: number, turns: Turns): Use {
  const levels: Use[] = [];
  for (let bits = ringBits; bits > 1; bits = kernels.comparisonDigits(bits))
    levels.push(comparisonUse(items, bits, 1, turns.takeTurn().first));
  return levels.flat();
}

abstract class ComparisonHalf implements CotJob {
  readonly cotsPerItem: number;
  readonly messageBytes: (items: number) => number;
  /** This party's share of T modulo 2^digits, [copies, items]. */
  readonly share: BigUint64Array;

  constructor(
    readonly items: number,
    readonly copies: number,
    readonly ringBits: number,
  ) {
    ({ cotsPerItem: this.cotsPerItem, messageBytes: this.messageBytes } = comparisonJob(
      items,
      ringBits,
      copies,
    ));
    this.share = takeWords(copies * items);
  }

  /** Items of one copy. */
  protected part(words: BigUint64Array, copy: number, begin: number, end: number): BigUint64Array {
    return words.subarray(copy * this.items + begin, copy * this.items + end);
  }

  protected partOfMessage(message: Uint8Array, copy: number, items: number): Uint8Array {
    const bytes = this.messageBytes(items) / this.copies;
    return message.subarray(copy * bytes, (copy + 1) * bytes);
  }
}

class ComparisonSender extends ComparisonHalf implements SenderJob {
  /** x [copies, items] */
  constructor(
    readonly x: BigUint64Array,
    copies: number,
    ringBits: number,
  ) {
    super(x.length / copies, copies, ringBits);
  }

  answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array {
    const message = takeBytes(this.messageBytes(end - begin)).fill(0);
    for (let copy = 0; copy < this.copies; copy++)
      kernels.comparisonSend({
        delta: cots.delta,
        blocks: cots.blocks,
        tweak: cots.tweak,
        suite: cots.suite,
        corrections,
        x: this.part(this.x, copy, begin, end),
        ringBits: this.ringBits,
        share: this.part(this.share, copy, begin, end),
        message: this.partOfMessage(message, copy, end - begin),
        pad: copy,
      });
    return message;
  }
}

class ComparisonReceiver extends ComparisonHalf implements ReceiverJob {
  /** Pads of the messages to come, [copies, items, words]. */
  readonly #pads: BigUint64Array;
  readonly #padWords: number;

  /** x [items], the same for all copies */
  constructor(
    readonly x: BigUint64Array,
    copies: number,
    ringBits: number,
  ) {
    super(x.length, copies, ringBits);
    this.#padWords = kernels.comparisonPadWords(ringBits);
    this.#pads = takeWords(copies * x.length * this.#padWords);
  }

  begin({ blocks, tweak, suite, choices }: ReceiverCots, begin: number, end: number): Uint8Array {
    const corrections = new Uint8Array(Math.ceil(choices.length / 8));
    for (let copy = 0; copy < this.copies; copy++)
      kernels.comparisonBegin({
        blocks,
        tweak,
        suite,
        random: choices,
        x: this.x.subarray(begin, end),
        ringBits: this.ringBits,
        pads: this.#padsOf(copy, begin, end),
        corrections,
        pad: copy,
      });
    return corrections;
  }

  finish(message: Uint8Array, begin: number, end: number): void {
    for (let copy = 0; copy < this.copies; copy++)
      kernels.comparisonFinish({
        x: this.x.subarray(begin, end),
        message: this.partOfMessage(message, copy, end - begin),
        ringBits: this.ringBits,
        pads: this.#padsOf(copy, begin, end),
        share: this.part(this.share, copy, begin, end),
      });
    if (end === this.items) giveBack(this.#pads);
  }

  #padsOf(copy: number, begin: number, end: number): BigUint64Array {
    const first = copy * this.items;
    return this.#pads.subarray((first + begin) * this.#padWords, (first + end) * this.#padWords);
  }
}

/**
 * x [n], of which `copies` are compared; `shifted` gives [copies, n], this party's share with public constants added: x itself, or an array
 * that is the caller's.
 */
export interface Compared {
  readonly x: BigUint64Array;
  readonly copies: number;
  readonly shifted: () => BigUint64Array;
}

/** What a party compares: its share with the constants at the sender, without them at the receiver; [copies, n]. */
export const comparedWords = ({ x, copies, shifted }: Compared, isSender: boolean): BigUint64Array => {
  if (copies === 1 && !isSender) return x;
  return isSender ? shifted() : repeat(x, copies);
};

/** One level of a comparison, both [copies, n]. */
export interface CarryLevel {
  /** comparedWords */
  readonly words: BigUint64Array;
  /** Modulo 2^digits, of a number that is negative exactly where the words' low bits carry. */
  readonly share: BigUint64Array;
}

/** One level by whose turn it is: on demand here, from what was made before in ahead/comparisons.ts. */
export type CarryProtocol = (compared: Compared, ringBits: number) => Promise<CarryLevel>;

export async function carryShares(
  party: PartyContext,
  compared: Compared,
  ringBits: number,
  receiver: PartyId,
): Promise<CarryLevel> {
  const { x, copies } = compared;
  const words = comparedWords(compared, receiver !== party.session.self);
  const { share } = await oneWay<ComparisonSender, ComparisonReceiver>(party, receiver, {
    sender: () => new ComparisonSender(words, copies, ringBits),
    receiver: () => new ComparisonReceiver(x, copies, ringBits),
  });
  return { words, share };
}

async function carriedTopBits(
  party: PartyContext,
  compared: Compared,
  ringBits: number,
  carry: CarryProtocol,
): Promise<Uint8Array> {
  const own = takeBytes(compared.copies * compared.x.length);
  if (ringBits === 1) {
    kernels.ringSignBit(comparedWords(compared, addsConstants(party)), 1, own);
    return own;
  }
  const { words, share } = await carry(compared, ringBits);
  kernels.ringSignBit(words, ringBits, own);
  if (words !== compared.x) giveBack(words);
  const sums = { x: share, copies: 1, shifted: () => share };
  const carried = await carriedTopBits(party, sums, kernels.comparisonDigits(ringBits), carry);
  kernels.bitsXor(own, carried, own);
  giveBack(share, carried);
  return own;
}

const addsConstants = (party: PartyContext): boolean => party.session.self === 'server';

/** x [n] shared modulo 2^ringBits → XOR shares of its top bit [n], one byte each */
export const topBit = protocol(
  'isNegative',
  (party: PartyContext, x: BigUint64Array, ringBits: number, carry: CarryProtocol) =>
    carriedTopBits(party, { x, copies: 1, shifted: () => x }, ringBits, carry),
);

/** Shared modulo 2^ringBits → XOR shares of the top bits of all copies [copies, n]. At most 1,024 copies. */
export const topBitsOfCopies = protocol('isNegative', carriedTopBits);
