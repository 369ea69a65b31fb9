/** What operations that run side by side use of what can be made ahead. */
import type { Use } from '../../../material/demand.js';
import type { WantedOperation } from '../../backend.js';
import type { Turns } from '../context/turns.js';
import { carryUse } from '../products/bit-product.js';
import { squareUse } from '../products/narrow-product.js';

/** Each takes the turn that comes next; one protocol follows another. */
export const wantedUse = (wanted: readonly WantedOperation[], { nextAhead }: Turns): Use =>
  wanted.flatMap(({ kind, count, bits, ringBits }) =>
    kind === 'square' ? squareUse(count, bits, ringBits, nextAhead) : carryUse(count, ringBits - bits),
  );

/** Protocols in a row. */
export const WANTED_TURNS = 1;
