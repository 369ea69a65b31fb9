/** Material that a party makes before texts are known, as what runs connections sees it; the two-party backend makes it. */
import type { KeptItems, Stock } from '../backends/two-party/ahead/ahead.js';
import { Demand } from '../backends/two-party/ahead/demand.js';

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
