/** x^-p as a table of evenly spaced lines, for tables that are made ahead. */
import { type LineTable, madeOnce } from '../core/line-table.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { integerBits, signedBits } from './fixed-point.js';
import { closestLine, type CompletePlan, type Line, scaledLines } from './inverse-power-lines.js';

/** A vector of bits is at least a word. */
const LEAST_INDEX_BITS = 6;

/** Bits of a positive number up to `largest`, rounded. */
const bitsOf = (largest: number, fractionBits: number): number =>
  Math.ceil(Math.log2(largest * 2 ** fractionBits + 1));

/** More bits of an index take more memory than they are worth. */
const MOST_INDEX_BITS = 15;
/** Of a ring. */
const WORD_BITS = 64;
/** Tables that are kept: of as many functions as a model or two have. */
const MOST_TABLES = 128;

const lineTables = new Map<string, LineTable>();

/** Of numbers up to `high`, in front of their point: a text's own bound would make a table of its own. */
export const wholeBitsOf = (high: number): number => integerBits(high * (1 + 2 ** -6));

/**
 * Of the same function by evenly spaced lines, as far apart as the first borders are; null where there would be too many of them. Which line is off
 * by up to one, so each serves two places: the largest relative error is four times that of borders at the lower bound, and falls with 1/x².
 */
export function lineTableOf(x: RingFormat, plan: CompletePlan, power: number): LineTable | null {
  const { low, high, intervalsPerOctave, out } = plan;
  const spacingBits = Math.ceil(-Math.log2(low * (2 ** (1 / intervalsPerOctave) - 1)));
  const wholeBits = wholeBitsOf(high);
  const indexBits = Math.max(LEAST_INDEX_BITS, wholeBits + spacingBits);
  const index = { ringBits: indexBits, fractionBits: indexBits - wholeBits };
  if (indexBits > MOST_INDEX_BITS || index.fractionBits > x.fractionBits) return null;
  const key = JSON.stringify([power, x.fractionBits, { ...plan, high: wholeBits }]);
  let table = lineTables.get(key);
  if (table) return table;
  const spacing = 2 ** -index.fractionBits;
  const lineAt = (entry: number): Line => {
    const begin = Math.max(low, (entry - 1) * spacing);
    return closestLine(power, begin, Math.max(begin + spacing, (entry + 1) * spacing));
  };
  // The first line begins lowest and none is shorter: its offset and slope are the largest.
  const { largestOffset, largestSlope, precision, slopeBits, factorBits, ringBits } = scaledLines(
    [lineAt(0)],
    { ...plan, high: 2 ** wholeBits },
    x.fractionBits,
  );
  const factor = { ringBits: signedBits(2 ** wholeBits, factorBits), fractionBits: factorBits };
  const slope = { ringBits: bitsOf(largestSlope, slopeBits), fractionBits: slopeBits };
  const lowBits = Math.max(0, ringBits - WORD_BITS);
  if (lowBits > Math.min(slope.ringBits - 1, factorBits)) return null;
  const offset = { ringBits: bitsOf(largestOffset, precision), fractionBits: precision };
  const rounded = (value: number, { fractionBits }: RingFormat): bigint =>
    BigInt(Math.round(value * 2 ** fractionBits));
  const entries = madeOnce(() =>
    BigUint64Array.from({ length: 2 ** indexBits }, (_, entry) => {
      const { a, b } = lineAt(entry);
      const [above, below] = [rounded(plan.numerator * a, offset), rounded(plan.numerator * b, slope)];
      return (above << BigInt(slope.ringBits)) | below;
    }),
  );
  table = {
    index,
    isRounded: false,
    line: { factor, slope, lowBits, ringBits: ringBits - lowBits },
    offset,
    entries,
    least: 0,
    out,
  };
  if (lineTables.size >= MOST_TABLES) lineTables.clear();
  lineTables.set(key, table);
  return table;
}
