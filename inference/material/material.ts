/** Material that a party makes before texts are known, as what runs connections sees it; a backend makes it. */
import type { Correlation } from './correlation.js';
import { Demand } from './demand.js';

/** What lies in the pools. */
export interface Stock {
  readonly items: Demand;
  /** Of this party's memory. */
  readonly bytes: number;
}

/** Items as they are kept: fields of whole words, packed. */
export interface PackedItems {
  readonly items: number;
  readonly fields: readonly Uint8Array[];
}

/** Items of one kind as they are kept over connections. */
export interface KeptItems extends PackedItems {
  readonly correlation: Correlation;
}

export interface Material {
  /** What texts used since the last `resetDemand`, whether from pools or on demand. */
  demand(): Demand;
  resetDemand(): void;
  /** Makes what is missing to `demand`; both parties at the same place, between texts. */
  prepareAhead(demand: Demand): Promise<void>;
  /** What lies ready: the same items at both parties. */
  stock(): Stock;
  /** Of this party's memory, when all of `demand` lies ready. */
  bytesOf(demand: Demand): number;
  /** Of this party's memory, while `demand` is made, beside that: bounded, whatever the demand. */
  workBytesOf(demand: Demand): number;
  /** Takes out of the pools what a later connection may use. */
  drainAhead(): KeptItems[];
  /** Puts it back. */
  restoreAhead(kept: readonly KeptItems[]): void;
}

/** What pools hold once `demand` was filled beside what they have. */
export const filledTo = (stock: Demand, demand: Demand): Demand =>
  Demand.of([
    ...stock.entries.map(([item, count]) => [item, Math.max(count, demand.of(item))] as const),
    ...demand.entries.filter(([item]) => stock.of(item) === 0),
  ]);
