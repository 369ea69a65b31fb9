/**
 * Rows of bits selected by a bit: XOR shares of b·x, where the sender knows a row x and the receiver b. One COT a row, whose two blocks are expanded
 * to pads as long as it.
 *
 * Cost per row of w bits: 1 COT, 1 bit one way, w bits back.
 */
import { kernels } from '#kernels';
import { repeat } from '../../../core/layout.js';
import { giveBack, takeWords } from '../../../core/words.js';
import type { ReceiverCots, SenderCots } from '../../../crypto/ot/cot.js';
import type { CotJob, ReceiverJob, SenderJob } from '../exchange/cot-exchange.js';

/** Rows of `width` words of `bits` bits each: 64, or fewer if there is one. */
export interface BitRows {
  readonly width: number;
  readonly bits: number;
}

const BLOCK_BITS = 128;
const BLOCK_WORDS = 2;

const bytesOf = (words: BigUint64Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

export const xorWords = (x: BigUint64Array, y: BigUint64Array, out: BigUint64Array): void =>
  kernels.bitsXor(bytesOf(x), bytesOf(y), bytesOf(out));

/** blocks [n · 16] → pads [n, width] */
function padsOf(
  blocks: Uint8Array,
  { suite, tweak }: SenderCots | ReceiverCots,
  { width, bits }: BitRows,
): BigUint64Array {
  const rows = blocks.length / 16;
  const each = Math.ceil((width * bits) / BLOCK_BITS);
  const expanded = takeWords(rows * each * BLOCK_WORDS);
  kernels.expandBlocks(blocks, tweak, each, bytesOf(expanded), suite);
  if (width === each * BLOCK_WORDS) return expanded;
  const columns = takeWords(expanded.length);
  kernels.ringPermute(expanded, Uint32Array.of(rows, each * BLOCK_WORDS), Uint32Array.of(1, 0), columns);
  const first = takeWords(rows);
  kernels.ringMask(columns.subarray(0, rows), bits, first);
  giveBack(expanded, columns);
  return first;
}

/** bits [n] ? delta : 0, XOR blocks [n · 16] */
function turned(blocks: Uint8Array, delta: Uint8Array, bits: Uint8Array): Uint8Array {
  const repeated = repeat(delta, bits.length);
  const deltas = new BigUint64Array(repeated.buffer, repeated.byteOffset, repeated.length / 8);
  kernels.ringSelect(bits, deltas, deltas);
  const out = bytesOf(deltas);
  kernels.bitsXor(blocks, out, out);
  return out;
}

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
    const flips = new Uint8Array(end - begin);
    kernels.bitsUnpack(corrections, flips);
    const zero = turned(cots.blocks, cots.delta, flips);
    const one = turned(zero, cots.delta, new Uint8Array(flips.length).fill(1));
    const masked = padsOf(one, cots, this.rows);
    const share = padsOf(zero, cots, this.rows);
    this.part(this.share, begin, end).set(share);
    xorWords(masked, share, masked);
    xorWords(masked, this.part(this.x, begin, end), masked);
    const message = new Uint8Array(this.messageBytes(end - begin));
    kernels.ringPack(masked, this.rows.bits, message);
    giveBack(masked, share);
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
    const pads = padsOf(cots.blocks, cots, this.rows);
    this.part(this.share, begin, end).set(pads);
    giveBack(pads);
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
