/**
 * What a node of three sees: two texts of one padded length open the same names and send messages of the same sizes in the same order, and
 * the bytes that a node gets are uniform, whichever text it is (chi-squared over byte values; generators are seeded, so is the outcome).
 */
import { describe, expect, it } from 'vitest';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { runNodes } from '../support/three-node-run.js';
import { agreement, bitsOf, MOST_BYTES, MOST_DEVIATIONS, worstBit } from './uniformity.js';

const BUCKET = 8;
/** Of a message that is looked at bit by bit. */
const LEAST_BITS = 1024;
const TEXTS = [
  { ids: [2, 5, 6, 7, 3], tokenTypes: [0, 0, 0, 0, 0] },
  { ids: [2, 4, 3], tokenTypes: [0, 0, 0] },
];

interface View {
  /** sender > receiver: length, of every message between nodes, by link */
  readonly sizes: ReadonlyMap<string, readonly number[]>;
  /** How often each node got each byte value. */
  readonly histograms: readonly Float64Array[];
  readonly opened: readonly (readonly { readonly name: string; readonly count: number }[])[];
}

async function viewOf(text: (typeof TEXTS)[number], seed: number): Promise<View> {
  const sizes = new Map<string, number[]>();
  const histograms = [0, 1, 2].map(() => new Float64Array(256));
  const { leaks } = await runNodes(
    tinyArtifact({ scheduled: true }),
    [{ text, bucket: BUCKET }],
    seed,
    (from, to, bytes) => {
      const link = `${from} > ${to}`;
      sizes.set(link, [...(sizes.get(link) ?? []), bytes.length]);
      // Marks of pace.ts say 1 and nothing else; the last byte of a message may be filled up with zeros.
      for (const byte of bytes.subarray(0, -1)) histograms[to]![byte]!++;
    },
  );
  return { sizes, histograms, opened: leaks };
}

/** Sum of squared deviations from the mean over the mean: 255 ± 23 for uniform bytes. */
function chiSquared(histogram: Float64Array): number {
  const mean = histogram.reduce((sum, count) => sum + count, 0) / histogram.length;
  return histogram.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
}

describe('the view of a node of three', () => {
  it('has the same openings and sizes for any text of a padded length, and uniform bytes', async () => {
    const [first, second] = [await viewOf(TEXTS[0]!, 6), await viewOf(TEXTS[1]!, 7)];
    expect(second.opened).toEqual(first.opened);
    expect(second.sizes).toEqual(first.sizes);
    for (const { histograms } of [first, second])
      for (const [node, histogram] of histograms.entries()) {
        const bytes = histogram.reduce((sum, count) => sum + count, 0);
        // Node 0 hears next to nothing: components of opened bits.
        if (node === 0) expect(bytes).toBeLessThan(100);
        else {
          expect(bytes).toBeGreaterThan(10_000);
          expect(chiSquared(histogram)).toBeLessThan(255 + 5 * 22.6);
        }
      }
  });

  it('has no bit of a word that is biased, and no message that depends on another one', async () => {
    const links = new Map<string, Uint8Array[]>();
    await runNodes(
      tinyArtifact({ scheduled: true }),
      [{ text: TEXTS[0]!, bucket: BUCKET }],
      8,
      (from, to, bytes) => {
        // The last byte may be filled up.
        const bits = bitsOf(bytes.subarray(0, Math.min(MOST_BYTES, bytes.length - 1)));
        const link = `${from} > ${to}`;
        if (bits.length >= LEAST_BITS) links.set(link, [...(links.get(link) ?? []), bits]);
      },
    );
    expect([...links.keys()].sort()).toEqual(['0 > 2', '1 > 2', '2 > 1']);
    for (const messages of links.values())
      for (const [i, bits] of messages.entries()) {
        expect(worstBit(bits)).toBeLessThan(MOST_DEVIATIONS);
        for (const other of messages.slice(i + 1)) {
          const length = Math.min(bits.length, other.length);
          expect(agreement(bits.subarray(0, length), other.subarray(0, length))).toBeLessThan(
            MOST_DEVIATIONS,
          );
        }
      }
  });

  it('would not pass with words that are not masked', () => {
    const words = Uint8Array.from({ length: 30_000 }, (_, i) => (i % 5 === 0 ? 0 : (i * 167) & 255));
    const histogram = new Float64Array(256);
    for (const byte of words) histogram[byte]!++;
    expect(chiSquared(histogram)).toBeGreaterThan(255 + 5 * 22.6);
  });
});
