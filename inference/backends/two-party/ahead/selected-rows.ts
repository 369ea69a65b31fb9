/**
 * Rows of bits selected by a bit: XOR shares of b·x, where the sender knows a row x and the receiver b. One COT a row, whose two blocks are expanded
 * to pads as long as it.
 *
 * Cost per row of w bits: 1 COT, 1 bit one way, w bits back.
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

const bytesOf = (words: BigUint64Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

export const xorWords = (x: BigUint64Array, y: BigUint64Array, out: BigUint64Array): void =>
  kernels.bitsXor(bytesOf(x), bytesOf(y), bytesOf(out));

abstract class RowHalf implements CotJob {
  readonly cotsPerItem = 1;
  /** This party's share, [items, width]. */
  readonly share: BigUint64Array;

  constructor(
    readonly items: number,
    readonly rows: BitRows,
  ) {
    this.share = takeWords(items * rows.width);
  }

  messageBytes(items: number): number {
    return Math.ceil((items * this.rows.width * this.rows.bits) / 8);
  }

  protected part(words: BigUint64Array, begin: number, end: number): BigUint64Array {
    return words.subarray(begin * this.rows.width, end * this.rows.width);
  }
}

export class RowSender extends RowHalf implements SenderJob {
  /** x [items, width] */
  constructor(
    items: number,
    rows: BitRows,
    readonly x: BigUint64Array,
  ) {
    super(items, rows);
  }

  answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array {
    const message = takeBytes(this.messageBytes(end - begin));
    kernels.selectedRowsSend({
      ...this.rows,
      ...cots,
      corrections,
      x: this.part(this.x, begin, end),
      share: this.part(this.share, begin, end),
      message,
    });
    return message;
  }
}

export class RowReceiver extends RowHalf implements ReceiverJob {
  /** choices [items], one byte 0 or 1 each */
  constructor(
    items: number,
    rows: BitRows,
    readonly choices: Uint8Array,
  ) {
    super(items, rows);
  }

  begin(cots: ReceiverCots, begin: number, end: number): Uint8Array {
    const { blocks, tweak, suite } = cots;
    kernels.selectedRowsBegin({
      ...this.rows,
      blocks,
      tweak,
      suite,
      share: this.part(this.share, begin, end),
    });
    const flips = new Uint8Array(end - begin);
    kernels.bitsXor(cots.choices, this.choices.subarray(begin, end), flips);
    const corrections = new Uint8Array(Math.ceil(flips.length / 8));
    kernels.bitsPack(flips, corrections);
    return corrections;
  }

  finish(message: Uint8Array, begin: number, end: number): void {
    const masked = takeWords((end - begin) * this.rows.width);
    kernels.ringUnpack(message, this.rows.bits, masked);
    kernels.ringSelect(this.choices.subarray(begin, end), masked, masked);
    const share = this.part(this.share, begin, end);
    xorWords(share, masked, share);
    giveBack(masked);
  }
}
