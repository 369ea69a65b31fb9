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

const tableOf = (size: number, value: (index: number) => number): BigUint64Array =>
  BigUint64Array.from({ length: size }, (_, i) => BigInt(Math.round(value(i))));

/** What is computed without a secret; each table is made when it is first asked for. */
class ExponentialTables {
  readonly #ringBits: number;
  readonly #one: number;
  readonly #plan: ExponentialPlan;
  readonly #resultScale: number;
  #entries: BigUint64Array | null = null;
  #factors: BigUint64Array | null = null;
  #results: BigUint64Array | null = null;

  constructor({ ringBits, fractionBits }: Exponent, resultFractionBits: number) {
    this.#ringBits = ringBits;
    this.#one = 2 ** fractionBits;
    this.#plan = exponentialPlan({ ringBits, fractionBits }, resultFractionBits);
    this.#resultScale = 2 ** resultFractionBits;
  }

  /** E at the product's fraction bits less those of e^l, modulo 2^productBits [2^ringBits]. */
  get entries(): BigUint64Array {
    this.#entries ??= this.#powers(2 ** this.#plan.dropped);
    return this.#entries;
  }

  /** e^l [2^lowBits] */
  get factors(): BigUint64Array {
    const [one, scale] = [this.#one, this.#resultScale];
    this.#factors ??= tableOf(2 ** this.#plan.lowBits, (l) => Math.exp(l / one) * scale);
    return this.#factors;
  }

  /** e^v at the result's fraction bits [2^ringBits]. */
  get results(): BigUint64Array {
    this.#results ??= this.#powers(this.#resultScale);
    return this.#results;
  }

  #powers(scale: number): BigUint64Array {
    const [one, size] = [this.#one, 2 ** this.#ringBits];
    return tableOf(size, (word) => Math.exp((word < one ? word : word - size) / one) * scale);
  }
}

const tables = new Map<string, ExponentialTables>();

/** Made once. */
export function exponentialTables(exponent: Exponent, resultFractionBits: number): ExponentialTables {
  const key = [exponent.ringBits, exponent.fractionBits, resultFractionBits].join();
  const made = tables.get(key) ?? new ExponentialTables(exponent, resultFractionBits);
  tables.set(key, made);
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
