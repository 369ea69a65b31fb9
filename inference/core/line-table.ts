/** A function as a line or a value for each number of the highest bits of x: what a long table made ahead holds (Backend.lines). */
import type { RingFormat } from './ring-tensor.js';

export interface LineTable {
  /** What x is cut to: which entry, as a number without a sign. Cut, and not x as it is, it is off by up to one, unless it is rounded exactly. */
  readonly index: RingFormat;
  readonly isRounded: boolean;
  readonly line: Slope | null;
  /** Of the offset: how many bits, without a sign, and how many of these are behind the point. */
  readonly offset: RingFormat;
  /** Offset · 2^slope.ringBits + slope [2^index.ringBits]: result = least + offset - slope · x. Made when they are first read: on demand nobody does. */
  readonly entries: () => BigUint64Array;
  /** Where results would be negative. */
  readonly least: number;
  readonly out: RingFormat;
}

/** Of a table of lines; without one it is of values. */
export interface Slope {
  /** What x is cut to as a factor, without a sign: below half of its ring. */
  readonly factor: RingFormat;
  /** As `offset`. */
  readonly slope: RingFormat;
  /** So many of a slope's lowest bits multiply x cut by as many, so that the product fits a word. */
  readonly lowBits: number;
  /** Of slope · x, at the fraction bits of both less `lowBits`. */
  readonly ringBits: number;
}

/** Of slope · x. */
export const productFractionBits = ({ slope, factor, lowBits }: Slope): number =>
  slope.fractionBits + factor.fractionBits - lowBits;

/** What x is cut to for the lowest bits of a slope. */
export const lowFactorOf = ({ factor, lowBits }: Slope): RingFormat => ({
  ringBits: factor.ringBits - lowBits,
  fractionBits: factor.fractionBits - lowBits,
});

/** What `make` gives, made when it is first asked for. */
export function madeOnce<T extends object>(make: () => T): () => T {
  let made: T | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** Of an entry. */
export const entryBitsOf = ({ line, offset }: LineTable): number =>
  (line?.slope.ringBits ?? 0) + offset.ringBits;
