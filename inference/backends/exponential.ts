/**
 * e^x from what each of two parties knows. x = s + r modulo 2^ringBits stands for a number in [5 - 2^m, 1), m the bits in front of
 * its point, and x less up to 4 for one in [1 - 2^m, 1). One party splits its r = h + l, l in [0, 4): then e^x = E(s + h) · e^l, where E is e^v of every number v of the ring.
 * No carry from l has to be found, since s + h + l and s + h differ by l exactly, but for multiples of 2^m that h takes care
 * of. E(s + h) is an entry of a table that the other party turns by its s, read at one of 2^(m - 2) places; e^l is a number that one
 * party knows.
 *
 * Errors: an entry is rounded to 6 bits more than the result has, since e^4 < 2^6, and e^l to as many. So the result is off by up to a
 * unit before it is cut to its own bits, and 0 where entries are: below -(fractionBits + 7) ln 2.
 */

/** l lies below this power of two. */
const STEP_BITS = 2;
/** Bits of e^l in front of its point. */
const FACTOR_INTEGER_BITS = 6;

/** How x is read: its bits in front of the point are 3 to 14. */
export interface Exponent {
  readonly ringBits: number;
  readonly fractionBits: number;
}

/** What follows from the exponent and the fraction bits of the result. */
export interface ExponentialPlan {
  readonly ringBits: number;
  /** Of l. */
  readonly lowBits: number;
  /** Of h: it is a multiple of 2^lowBits. */
  readonly indexBits: number;
  /** Of e^l. */
  readonly factorBits: number;
  /** Ring of the product E(s + h) · e^l, with `dropped` fraction bits more than the result. */
  readonly productBits: number;
  readonly dropped: number;
}

export function exponentialPlan(
  { ringBits, fractionBits }: Exponent,
  resultFractionBits: number,
): ExponentialPlan {
  const lowBits = fractionBits + STEP_BITS;
  const dropped = resultFractionBits + FACTOR_INTEGER_BITS;
  return {
    ringBits,
    lowBits,
    indexBits: ringBits - lowBits,
    factorBits: resultFractionBits + FACTOR_INTEGER_BITS,
    productBits: resultFractionBits + 2 + dropped,
    dropped,
  };
}

/** What is computed without a secret. */
export interface ExponentialTables {
  /** E at the product's fraction bits less those of e^l, modulo 2^productBits [2^ringBits]. */
  readonly entries: BigUint64Array;
  /** e^l [2^lowBits] */
  readonly factors: BigUint64Array;
  /** e^v at the result's fraction bits [2^ringBits]. */
  readonly results: BigUint64Array;
}

const tables = new Map<string, ExponentialTables>();

const tableOf = (size: number, value: (index: number) => number): BigUint64Array =>
  BigUint64Array.from({ length: size }, (_, i) => BigInt(Math.round(value(i))));

/** Made once. */
export function exponentialTables(
  { ringBits, fractionBits }: Exponent,
  resultFractionBits: number,
): ExponentialTables {
  const key = [ringBits, fractionBits, resultFractionBits].join();
  let made = tables.get(key);
  if (!made) {
    const { lowBits, dropped } = exponentialPlan({ ringBits, fractionBits }, resultFractionBits);
    const one = 2 ** fractionBits;
    const power = (word: number): number => Math.exp((word < one ? word : word - 2 ** ringBits) / one);
    made = {
      entries: tableOf(2 ** ringBits, (v) => power(v) * 2 ** dropped),
      factors: tableOf(2 ** lowBits, (l) => Math.exp(l / one) * 2 ** resultFractionBits),
      results: tableOf(2 ** ringBits, (v) => power(v) * 2 ** resultFractionBits),
    };
    tables.set(key, made);
  }
  return made;
}

const powers = new Map<string, BigUint64Array>();

/** e^l at `factorBits` fraction bits for every l of `bits` bits, `fractionBits` of them behind the point. Made once. */
export function powersBelow(bits: number, fractionBits: number, factorBits: number): BigUint64Array {
  const key = [bits, fractionBits, factorBits].join();
  const made =
    powers.get(key) ?? tableOf(2 ** bits, (l) => Math.exp(l / 2 ** fractionBits) * 2 ** factorBits);
  powers.set(key, made);
  return made;
}
