/**
 * Do transcripts of two kinds differ? Streams of equal length are compared by two statistics, neither of which assumes what a
 * single byte looks like:
 *
 * - per block of 1,024 bytes, the histograms of byte values of both kinds: χ² of two samples, normalised to mean 0 and variance 1;
 * - per bit (of every so-manieth byte) how often it is set in either kind: with k of 2R runs set, of which k_A in the first kind,
 *   (k_A - k/2)² / Var is 1 in the mean, Var being hypergeometric. Their sum over a sixteenth of the stream is normalised too.
 */

const BLOCK = 1_024;
/** Bytes whose bits are looked at one by one: one in so many. */
const STRIDE = 13;
const PARTS = 16;

export interface Difference {
  /** Largest over all blocks. */
  readonly blocks: number;
  /** Largest in magnitude over the parts of the stream. */
  readonly bits: number;
}

function blockDifference(first: Uint32Array, second: Uint32Array): number {
  let [sum, values] = [0, 0];
  for (let value = 0; value < 256; value++) {
    const total = first[value]! + second[value]!;
    if (total === 0) continue;
    values++;
    sum += (first[value]! - second[value]!) ** 2 / total;
  }
  // A block of constants has one value, and no freedom.
  return values < 2 ? 0 : (sum - (values - 1)) / Math.sqrt(2 * (values - 1));
}

function blocksDifference(kinds: readonly (readonly Uint8Array[])[]): number {
  const { length } = kinds[0]![0]!;
  let largest = 0;
  for (let begin = 0; begin < length; begin += BLOCK) {
    const histograms = kinds.map((runs) => {
      const counts = new Uint32Array(256);
      for (const run of runs)
        for (const byte of run.subarray(begin, begin + BLOCK)) counts[byte] = counts[byte]! + 1;
      return counts;
    });
    largest = Math.max(largest, blockDifference(histograms[0]!, histograms[1]!));
  }
  return largest;
}

function bitsDifference([first, second]: readonly (readonly Uint8Array[])[]): number {
  const runs = first!.length;
  const { length } = first![0]!;
  const sums = new Float64Array(PARTS);
  const counts = new Float64Array(PARTS);
  const count = (of: readonly Uint8Array[], at: number, bit: number) =>
    of.reduce((sum, run) => sum + ((run[at]! >> bit) & 1), 0);
  for (let at = 0; at < length; at += STRIDE)
    for (let bit = 0; bit < 8; bit++) {
      const a = count(first!, at, bit);
      const k = a + count(second!, at, bit);
      if (k === 0 || k === 2 * runs) continue;
      const variance = (k * (2 * runs - k)) / (4 * (2 * runs - 1));
      const part = Math.floor((at * PARTS) / length);
      sums[part]! += (a - k / 2) ** 2 / variance - 1;
      counts[part]!++;
    }
  return Math.max(
    ...sums.map((sum, part) => (counts[part] === 0 ? 0 : Math.abs(sum) / Math.sqrt(2 * counts[part]!))),
  );
}

/** kinds: two lists of streams, as many runs each, all of one length */
export function differenceOf(kinds: readonly [readonly Uint8Array[], readonly Uint8Array[]]): Difference {
  const lengths = new Set(kinds.flat().map(({ length }) => length));
  if (lengths.size !== 1) throw new Error(`transcripts: expected one length, got ${[...lengths].join(', ')}`);
  return { blocks: blocksDifference(kinds), bits: bitsDifference(kinds) };
}
