/**
 * Rows of bits selected by random bits: XOR shares of b·x, where the sender knows a row x and the receiver the bit b that a COT chose. The COT's
 * two blocks are expanded to pads as long as the row. In one direction the same COT selects a number y besides: additive shares of b·y.
 *
 * Cost per row of w bits and number of k: 1 COT, w + k bits one way.
 */
import { kernels } from '#kernels';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { ReceiverCots, SenderCots } from '../../../crypto/ot/cot.js';
import type { CotJob, ReceiverJob, SenderJob } from '../exchange/cot-exchange.js';

/** Rows of `width` words of `bits` bits each: 64, or fewer if there is one. */
export interface BitRows {
  readonly width: number;
  readonly bits: number;
}

/** With a number of `numberBits` bits each; 0: none. */
export interface RowPlan extends BitRows {
  readonly numberBits: number;
}

const bytesOf = (words: BigUint64Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

export const xorWords = (x: BigUint64Array, y: BigUint64Array, out: BigUint64Array): void =>
  kernels.bitsXor(bytesOf(x), bytesOf(y), bytesOf(out));

abstract class RowHalf implements CotJob {
  readonly cotsPerItem = 1;
  readonly choosesAtRandom = true;
  /** This party's share, [items, width]. */
  readonly share: BigUint64Array;
  /** Of the numbers, [items]; none if they have no bits. */
  readonly numbers: BigUint64Array;

  constructor(
    readonly items: number,
    readonly plan: RowPlan,
  ) {
    this.share = takeWords(items * plan.width);
    this.numbers = takeWords(plan.numberBits > 0 ? items : 0);
  }

  messageBytes(items: number): number {
    return this.rowBytes(items) + Math.ceil((items * this.plan.numberBits) / 8);
  }

  protected rowBytes(items: number): number {
    return Math.ceil((items * this.plan.width * this.plan.bits) / 8);
  }

  protected rowsOf(words: BigUint64Array, begin: number, end: number): BigUint64Array {
    return words.subarray(begin * this.plan.width, end * this.plan.width);
  }

  protected numbersOf(words: BigUint64Array, begin: number, end: number): BigUint64Array {
    return this.plan.numberBits > 0 ? words.subarray(begin, end) : this.numbers;
  }
}

export class RowSender extends RowHalf implements SenderJob {
  /** x [items, width], y [items] if there are numbers: read when it answers, after all of its window's COTs of the other direction have chosen */
  constructor(
    items: number,
    plan: RowPlan,
    readonly x: BigUint64Array,
    readonly y: BigUint64Array,
  ) {
    super(items, plan);
  }

  answer({ delta, blocks, tweak, suite }: SenderCots, _: Uint8Array, begin: number, end: number): Uint8Array {
    const message = takeBytes(this.messageBytes(end - begin));
    kernels.selectedRowsSend({
      ...this.plan,
      delta,
      blocks,
      tweak,
      suite,
      x: this.rowsOf(this.x, begin, end),
      y: this.numbersOf(this.y, begin, end),
      share: this.rowsOf(this.share, begin, end),
      numbers: this.numbersOf(this.numbers, begin, end),
      message,
    });
    return message;
  }
}

const NOTHING = new Uint8Array(0);

export class RowReceiver extends RowHalf implements ReceiverJob {
  /** choices [items], one byte 0 or 1 each: where the COTs' choices go */
  constructor(
    items: number,
    plan: RowPlan,
    readonly choices: Uint8Array,
  ) {
    super(items, plan);
  }

  begin({ blocks, tweak, suite, choices }: ReceiverCots, begin: number, end: number): Uint8Array {
    kernels.selectedRowsBegin({
      ...this.plan,
      blocks,
      tweak,
      suite,
      share: this.rowsOf(this.share, begin, end),
      numbers: this.numbersOf(this.numbers, begin, end),
    });
    this.choices.set(choices, begin);
    return NOTHING;
  }

  finish(message: Uint8Array, begin: number, end: number): void {
    const { width, bits, numberBits } = this.plan;
    const [choices, rowBytes] = [this.choices.subarray(begin, end), this.rowBytes(end - begin)];
    const masked = takeWords((end - begin) * width);
    kernels.ringUnpack(message.subarray(0, rowBytes), bits, masked);
    kernels.ringSelect(choices, masked, masked);
    const share = this.rowsOf(this.share, begin, end);
    xorWords(share, masked, share);
    giveBack(masked);
    if (numberBits === 0) return;
    const answered = takeWords(end - begin);
    kernels.ringUnpack(message.subarray(rowBytes), numberBits, answered);
    kernels.ringAddWhere(choices, answered, numberBits, this.numbers.subarray(begin, end));
    giveBack(answered);
  }
}
