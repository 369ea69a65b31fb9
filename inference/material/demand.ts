/**
 * What can be made before a text comes, by kind and number: what one text used, or what pools should hold. Everything in it
 * follows from public shapes and opened counts, so both parties count the same, and a client may send it to a server.
 *
 * | item | one is |
 * |---|---|
 * | `linear 3 37` | a row for the fourth weight prepared, modulo 2^37 |
 * | `factors 2 25` | a row for the third vector of private factors prepared, modulo 2^25 |
 * | `matmul 12 55 64 55 29` | a triple of [12, 55, 64] · [12, 64, 55] modulo 2^29 |
 * | `square 13 25 server` | a square of 13 bits into 25; the server sends first |
 * | `comparison 13 2 server` | two comparisons of 13 bits whose values differ by a public constant; the sender is the server |
 * | `sign 11 2` | the top bits of a number of 11 bits with each of two public constants added |
 * | `bit 12 server` | a bit of one party times a number modulo 2^12 of the other; the server knows the number |
 * | `carry 18` | a bit of one party times a bit of the other, as a number modulo 2^18 |
 * | `exponential 13 8 10` | e^x at 10 fraction bits of an x of 13 bits, 8 of them behind the point |
 * | `look-up 6 1` | a table of 2^6 entries of 1 bit, any |
 * | `conjunction 10` | a number modulo 2^10 times up to three shared bits |
 * | `product 27 768` | a scalar times a row of 768, modulo 2^27 |
 * | `cots server` | a correlated OT whose sender is the server |
 */
import { ProtocolError } from '../core/errors.js';
import type { PartyId } from '../core/tensors.js';

export type Correlation =
  | LinearCorrelation
  | { readonly kind: 'factors'; readonly factors: number; readonly ringBits: number }
  | MatmulCorrelation
  | SquareCorrelation
  | ComparisonCorrelation
  | SignCorrelation
  | BitCorrelation
  | CarryCorrelation
  | ExponentialCorrelation
  | LookUpCorrelation
  | ConjunctionCorrelation
  | { readonly kind: 'product'; readonly ringBits: number; readonly width: number }
  | { readonly kind: 'cots'; readonly sender: PartyId };

export interface LinearCorrelation {
  readonly kind: 'linear';
  /** Weights count in the order in which they were prepared. */
  readonly weight: number;
  readonly ringBits: number;
}

/** x [batch, n, k] · y [batch, k, m] */
export interface MatmulCorrelation {
  readonly kind: 'matmul';
  readonly batch: number;
  readonly n: number;
  readonly k: number;
  readonly m: number;
  readonly ringBits: number;
}

export interface SquareCorrelation {
  readonly kind: 'square';
  readonly bits: number;
  /** At least `bits`; less than twice of them. */
  readonly ringBits: number;
  /** Who sends the first of the two online messages. */
  readonly first: PartyId;
}

/** Of the low `ringBits` - 1 bits, as one level of isNegative. */
export interface ComparisonCorrelation {
  readonly kind: 'comparison';
  readonly ringBits: number;
  readonly copies: number;
  readonly sender: PartyId;
}

/** Of all ringBits bits: the whole of isNegative. */
export interface SignCorrelation {
  readonly kind: 'sign';
  readonly ringBits: number;
  readonly copies: number;
}

export interface BitCorrelation {
  readonly kind: 'bit';
  readonly ringBits: number;
  /** Who knows the number. */
  readonly sender: PartyId;
}

export interface CarryCorrelation {
  readonly kind: 'carry';
  readonly ringBits: number;
}

export interface ExponentialCorrelation {
  readonly kind: 'exponential';
  /** Of x. */
  readonly ringBits: number;
  readonly fractionBits: number;
  /** Fraction bits of e^x. */
  readonly resultBits: number;
}

/** Of any table of so many entries. */
export interface LookUpCorrelation {
  readonly kind: 'look-up';
  readonly indexBits: number;
  readonly ringBits: number;
}

/** A number times up to MOST_CONJUNCTS bits. */
export interface ConjunctionCorrelation {
  readonly kind: 'conjunction';
  readonly ringBits: number;
}

export const MOST_CONJUNCTS = 3;

/** What an operation uses of each; nothing where none of it can be made before. */
export type Use = readonly (readonly [Correlation, number])[];

/** Bounds of what a peer may ask for; how much memory it takes is another question (`Stock.bytes`). */
const MOST_ITEMS = 4096;
export const MOST_DEMAND_BYTES = 1 << 18;
const MOST_COUNT = 2 ** 32;
const MOST_EXTENT = 1 << 16;
/** Copies of one comparison: a pad has numbers for so many. */
const MOST_COPIES = 1024;
/** Of numbers whose top bits are made ahead: one level compares 5 bits, and a vector has a place for each half of a number. */
const LEAST_SIGN_BITS = 6;
const MOST_SIGN_BITS = 22;
const VECTOR_BITS_A_SIGN = 96;
/** Of an exponent, in all and in front of its point; of e^x behind its point. */
const MOST_EXPONENT_BITS = 20;
const MOST_EXPONENT_INTEGER_BITS = 8;
const MOST_POWER_BITS = 14;
/** Of a table's index (Backend.lookUp), and of one read bit by bit (Backend.lines). */
const MOST_INDEX_BITS = 12;
const MOST_LONG_INDEX_BITS = 16;

export function formatCorrelation(c: Correlation): string {
  switch (c.kind) {
    case 'linear':
      return `linear ${c.weight} ${c.ringBits}`;
    case 'factors':
      return `factors ${c.factors} ${c.ringBits}`;
    case 'matmul':
      return `matmul ${c.batch} ${c.n} ${c.k} ${c.m} ${c.ringBits}`;
    case 'square':
      return `square ${c.bits} ${c.ringBits} ${c.first}`;
    case 'comparison':
      return `comparison ${c.ringBits} ${c.copies} ${c.sender}`;
    case 'sign':
      return `sign ${c.ringBits} ${c.copies}`;
    case 'bit':
      return `bit ${c.ringBits} ${c.sender}`;
    case 'carry':
      return `carry ${c.ringBits}`;
    case 'exponential':
      return `exponential ${c.ringBits} ${c.fractionBits} ${c.resultBits}`;
    case 'look-up':
      return `look-up ${c.indexBits} ${c.ringBits}`;
    case 'conjunction':
      return `conjunction ${c.ringBits}`;
    case 'product':
      return `product ${c.ringBits} ${c.width}`;
    case 'cots':
      return `cots ${c.sender}`;
  }
}

const PATTERN =
  /^(linear|factors|matmul|square|comparison|sign|bit|carry|exponential|look-up|conjunction|product|cots)((?: \d{1,5}){0,5})( server| client)?$/;

/** Null where e^x is not made ahead: a vector for every x would be too long. */
export const exponentialItem = (
  ringBits: number,
  fractionBits: number,
  resultBits: number,
): ExponentialCorrelation | null =>
  fractionBits >= 1 &&
  ringBits <= MOST_EXPONENT_BITS &&
  ringBits - fractionBits >= 3 &&
  ringBits - fractionBits <= MOST_EXPONENT_INTEGER_BITS &&
  resultBits >= 1 &&
  resultBits <= MOST_POWER_BITS
    ? { kind: 'exponential', ringBits, fractionBits, resultBits }
    : null;

/** Null where top bits are made by levels of comparisons: of short numbers, and where vectors would be long for what they save. */
export function signItem(ringBits: number, copies: number): SignCorrelation | null {
  const low = ringBits >> 1;
  const vectorBits = 2 ** (ringBits - low) + 2 ** (low + 1);
  const fits =
    ringBits >= LEAST_SIGN_BITS && ringBits <= MOST_SIGN_BITS && copies >= 1 && copies <= MOST_COPIES;
  return fits && vectorBits <= VECTOR_BITS_A_SIGN * copies ? { kind: 'sign', ringBits, copies } : null;
}

function correlationOf(kind: string, n: readonly number[], party: PartyId | undefined): Correlation | null {
  const isRing = (bits: number | undefined) => bits !== undefined && bits >= 1 && bits <= 64;
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = n;
  const shape = `${kind} ${n.length} ${party === undefined ? 'any' : 'party'}`;
  switch (shape) {
    case 'linear 2 any':
      return isRing(b) ? { kind: 'linear', weight: a, ringBits: b } : null;
    case 'factors 2 any':
      return isRing(b) ? { kind: 'factors', factors: a, ringBits: b } : null;
    case 'matmul 5 any':
      return isRing(e) && Math.min(a, b, c, d) >= 1
        ? { kind: 'matmul', batch: a, n: b, k: c, m: d, ringBits: e }
        : null;
    case 'square 2 party':
      return isRing(b) && a >= 2 && b >= a && b < 2 * a
        ? { kind: 'square', bits: a, ringBits: b, first: party! }
        : null;
    case 'comparison 2 party':
      return a >= 2 && a <= 33 && b >= 1 && b <= MOST_COPIES
        ? { kind: 'comparison', ringBits: a, copies: b, sender: party! }
        : null;
    case 'sign 2 any':
      return signItem(a, b);
    case 'bit 1 party':
      return isRing(a) ? { kind: 'bit', ringBits: a, sender: party! } : null;
    case 'carry 1 any':
      return isRing(a) ? { kind: 'carry', ringBits: a } : null;
    case 'exponential 3 any':
      return exponentialItem(a, b, c);
    case 'look-up 2 any':
      return a >= 1 && a <= (b === 1 ? MOST_LONG_INDEX_BITS : MOST_INDEX_BITS) && isRing(b)
        ? { kind: 'look-up', indexBits: a, ringBits: b }
        : null;
    case 'conjunction 1 any':
      return isRing(a) ? { kind: 'conjunction', ringBits: a } : null;
    case 'product 2 any':
      return isRing(a) && b >= 1 ? { kind: 'product', ringBits: a, width: b } : null;
    case 'cots 0 party':
      return { kind: 'cots', sender: party! };
    default:
      return null;
  }
}

/** @throws ProtocolError if the text names no correlation within bounds */
export function parseCorrelation(text: string): Correlation {
  const match = PATTERN.exec(text);
  const numbers = (match?.[2] ?? '').split(' ').filter(Boolean).map(Number);
  const party = match?.[3]?.trim() as PartyId | undefined;
  const fits = match && numbers.every((number) => number <= MOST_EXTENT);
  const correlation = fits ? correlationOf(match[1]!, numbers, party) : null;
  if (!correlation) throw new ProtocolError(`demand: expected a correlation, got ${JSON.stringify(text)}`);
  return correlation;
}

/** To a power of two up to 8, then to a multiple of 8. */
const roundedExtent = (extent: number): number =>
  extent > 8 ? 8 * Math.ceil(extent / 8) : 2 ** Math.ceil(Math.log2(extent));

/** As `withMargin` asks for it: extents that serve several layers. */
export function roundedUp(correlation: Correlation): Correlation {
  switch (correlation.kind) {
    case 'matmul': {
      const [n, k, m] = [correlation.n, correlation.k, correlation.m].map(roundedExtent) as [
        number,
        number,
        number,
      ];
      return { ...correlation, n, k, m };
    }
    case 'product':
      return { ...correlation, width: roundedExtent(correlation.width) };
    default:
      return correlation;
  }
}

/** Where so much is left below a power of two, rows stop there: ciphertexts have room for as many. */
const LEAST_ROW_MARGIN = 1.05;

function withMargin(kind: Correlation['kind'], count: number, mostRows: number): number {
  if (kind === 'matmul') return count;
  const more = Math.ceil(1.1 * count) + 2;
  if (kind !== 'linear') return more;
  const full = 2 ** Math.ceil(Math.log2(count));
  return Math.min(more, full >= LEAST_ROW_MARGIN * count + 1 ? full : more, Math.max(count, mostRows));
}

/** Counts by correlation; immutable but for `add`. */
export class Demand {
  readonly #counts = new Map<string, number>();

  static of(counts: Iterable<readonly [Correlation, number]>): Demand {
    const demand = new Demand();
    for (const [correlation, count] of counts) demand.add(correlation, count);
    return demand;
  }

  /**
   * From a peer's bytes.
   * @throws ProtocolError unless they are a demand within bounds
   */
  static fromBytes(bytes: Uint8Array): Demand {
    if (bytes.length > MOST_DEMAND_BYTES)
      throw new ProtocolError(`demand: expected at most ${MOST_DEMAND_BYTES} bytes, got ${bytes.length}`);
    const demand = new Demand();
    for (const [name, count] of entriesOf(new TextDecoder().decode(bytes))) {
      if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1 || count > MOST_COUNT) {
        // An object is not written out: it may have a `toString` of its own, a list be deeper than the stack.
        const got = typeof count === 'number' ? count : typeof count;
        throw new ProtocolError(`demand: expected 1 to ${MOST_COUNT} of ${name}, got ${got}`);
      }
      demand.add(parseCorrelation(name), count);
    }
    return demand;
  }

  /** JSON of names and counts, in the order of names. */
  toBytes(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify(this));
  }

  toJSON(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  add(correlation: Correlation, count: number): void {
    if (count === 0) return;
    const name = formatCorrelation(correlation);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  addAll(use: Use): void {
    for (const [correlation, count] of use) this.add(correlation, count);
  }

  of(correlation: Correlation): number {
    return this.#counts.get(formatCorrelation(correlation)) ?? 0;
  }

  /** In the order of names, so that both parties go through it alike. */
  get entries(): readonly (readonly [Correlation, number])[] {
    return Object.entries(this.toJSON()).map(([name, count]) => [parseCorrelation(name), count]);
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** What so many texts like this one use. */
  times(texts: number): Demand {
    return Demand.of(this.entries.map(([correlation, count]) => [correlation, Math.ceil(count * texts)]));
  }

  /**
   * For texts of the same kind, which keep a few tokens more: extents and widths rounded up, so that what is made for one layer
   * also serves another, and a tenth more of what is counted by rows or elements. `mostRows`: of a weight, in all of these texts.
   */
  withMargin(mostRows = Number.POSITIVE_INFINITY): Demand {
    return Demand.of(
      this.entries.map(([correlation, count]) => [
        roundedUp(correlation),
        withMargin(correlation.kind, count, mostRows),
      ]),
    );
  }

  plus(other: Demand): Demand {
    return Demand.of([...this.entries, ...other.entries]);
  }
}

function entriesOf(text: string): readonly (readonly [string, unknown])[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new ProtocolError('demand: expected JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new ProtocolError('demand: expected an object of counts');
  const entries = Object.entries(parsed);
  if (entries.length > MOST_ITEMS)
    throw new ProtocolError(`demand: expected at most ${MOST_ITEMS} items, got ${entries.length}`);
  return entries;
}
