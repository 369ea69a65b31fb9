/** A function of positive numbers as one line for each number of their highest bits: what a long table made ahead holds (Backend.lines). */
import type { RingFormat } from './ring-tensor.js';

export interface LineTable {
  /** What x is cut to, as a number from 0 on: which line. The cut number is off by up to one. */
  readonly index: RingFormat;
  /** What x is cut to as a factor, without a sign: below half of its ring. */
  readonly factor: RingFormat;
  /** Bits of slopes and offsets, all of them positive, and how many of these are behind the point. */
  readonly slope: RingFormat;
  readonly offset: RingFormat;
  /** Offset · 2^slope.ringBits + slope [2^index.ringBits]: result = offset - slope · x. */
  readonly entries: BigUint64Array;
  /** Of slope · x, at the fraction bits of both. */
  readonly ringBits: number;
  readonly out: RingFormat;
}
