/**
 * What one text used, or what pools should hold: how many of each correlation. Both parties count the same, and a client may send it to a server.
 */
import { ProtocolError } from '../core/errors.js';
import { type Correlation, roundedUp, type Use } from './correlation.js';
import { formatCorrelation, parseCorrelation } from './correlation-text.js';

/** Bounds of what a peer may ask for; how much memory it takes is another question (`Stock.bytes`). */
const MOST_ITEMS = 4096;
export const MOST_DEMAND_BYTES = 1 << 18;
const MOST_COUNT = 2 ** 32;

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
   * also serves another, and a tenth more of what is counted by rows or elements. Each of the texts has `mostTokens` at most.
   */
  withMargin(mostTokens: number, texts = 1): Demand {
    return Demand.of(
      this.entries.map(([correlation, count]) => [
        roundedUp(correlation, mostTokens),
        withMargin(correlation.kind, count, mostTokens * texts),
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
