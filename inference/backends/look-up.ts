/** What `lookUp` takes, in every backend. */
import { TensorMismatchError } from '../core/errors.js';
import type { RingTensor, SharedTensor } from '../core/tensors.js';

/** A table of 4,096 entries: more would cost more than other ways to the same function. */
export const MOST_INDEX_BITS = 12;

/** @throws TensorMismatchError unless the table has an entry for every value of x's ring */
export function expectTable(x: SharedTensor, table: RingTensor): void {
  const entries = 2 ** x.ringBits;
  if (x.ringBits <= MOST_INDEX_BITS && table.data.length === entries && table.shape.length === 1) return;
  throw new TensorMismatchError(
    `lookUp: expected at most ${MOST_INDEX_BITS} bits and a table of 2^bits entries, got ${x.ringBits} bits and ${table.data.length} entries`,
  );
}
