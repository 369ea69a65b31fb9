/** Are bits those of fair coins, whatever words they were cut from, and none of them the one before? */

/** Deviations: seeds are fixed, and these are a few thousand statistics. */
export const MOST_DEVIATIONS = 5.5;
/** Of a message, its first ones: enough for each bit of a word. */
export const MOST_BYTES = 1 << 12;
/** Of a word: the widest that is opened here. */
export const MOST_PERIOD = 40;

export const bitsOf = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: 8 * bytes.length }, (_, i) => (bytes[i >> 3]! >> (i & 7)) & 1);

/** How far a count of fair coins is from its half, in deviations. */
const deviations = (ones: number, coins: number): number => Math.abs(2 * ones - coins) / Math.sqrt(coins);

/** The worst bit of a word, for any width that words may have. */
export function worstBit(bits: Uint8Array): number {
  let worst = 0;
  for (let period = 1; period <= MOST_PERIOD; period++) {
    const [ones, coins] = [new Uint32Array(period), new Uint32Array(period)];
    for (let i = 0; i < bits.length; i++) {
      ones[i % period]! += bits[i]!;
      coins[i % period]!++;
    }
    for (let at = 0; at < period; at++) worst = Math.max(worst, deviations(ones[at]!, coins[at]!));
  }
  return worst;
}

/** Equal bits of two streams, or of one and itself a little later. */
export function agreement(a: Uint8Array, b: Uint8Array, lag = 0): number {
  let equal = 0;
  const coins = a.length - lag;
  for (let i = 0; i < coins; i++) if (a[i] === b[i + lag]) equal++;
  return deviations(equal, coins);
}
