/**
 * Products of a shared scalar and a shared row ahead of time (Beaver, CRYPTO 1991): shares of a row a, a scalar b and a·b;
 * online x - a and y - b are opened, uniform both, and x·y = a·b + (x - a)·b + (y - b)·a + (x - a)·(y - b). One crossing of
 * messages, 2k bits an element and 2k a scalar. A row made for a larger width or ring serves smaller ones.
 */
import { kernels } from '#kernels';
import { sliceAxis } from '../../../core/layout.js';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack } from '../../../core/words.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import { uniformWords } from '../linear/product-session.js';
import { multiply, multiplyRows } from '../products/multiply.js';
import { PackedStore, type Take } from './packed-store.js';
import { openDifferences } from './packed-words.js';

/** Elements of one batch. */
export const BATCH = 1 << 18;

export type RowsTimesScalars = (
  x: BigUint64Array,
  y: BigUint64Array,
  ringBits: number,
  first: PartyId,
) => Promise<BigUint64Array>;

export class ProductPool {
  /** To be kept over connections. */
  readonly store: PackedStore;

  constructor(
    private readonly party: PartyContext,
    readonly ringBits: number,
    readonly width: number,
  ) {
    const bits = ringBits;
    this.store = new PackedStore([
      { width, bits },
      { width: 1, bits },
      { width, bits },
    ]);
  }

  async fill(count: number, turns: Turns): Promise<void> {
    const batch = Math.max(1, Math.floor(BATCH / this.width));
    while (this.store.available < count)
      await this.#make(Math.min(batch, count - this.store.available), turns);
  }

  readonly #make = protocol('products ahead', async (rows: number, turns: Turns): Promise<void> => {
    const { random } = this.party.session;
    const a = uniformWords(random, rows * this.width, this.ringBits);
    const b = uniformWords(random, rows, this.ringBits);
    const product =
      this.width === 1
        ? await multiply(this.party, a, b, this.ringBits, turns.take())
        : await multiplyRows(this.party, b, a, this.ringBits);
    this.store.add(rows, [a, b, product]);
  });

  /** x [n, width], y [n] modulo 2^ringBits → y[i]·x[i, :]; so many rows are used up, when y is there */
  claim(rows: number): RowsTimesScalars {
    const take = this.store.claim(rows);
    return (x, y, ringBits, first) => this.#multiply(take, x, y, ringBits, first);
  }

  readonly #multiply = protocol(
    'multiplyRows',
    async (
      take: Take,
      x: BigUint64Array,
      y: BigUint64Array,
      ringBits: number,
      first: PartyId,
    ): Promise<BigUint64Array> => {
      const { session } = this.party;
      const rows = y.length;
      const [wideA, b, wideC] = take(rows) as [BigUint64Array, BigUint64Array, BigUint64Array];
      const width = x.length / rows;
      const [a, c] = [wideA, wideC].map((wide) => columns(wide, this.width, width)) as [
        BigUint64Array,
        BigUint64Array,
      ];
      for (const part of [a, b, c]) kernels.ringMask(part, ringBits, part);
      const [e, d] = await openDifferences(this.party, [x, a], [y, b], ringBits, first);
      // c + (a + [server] e)·d + e·b
      kernels.ringMultiplyRows(a, d, ringBits, a);
      kernels.ringAdd(c, a, ringBits, c);
      if (session.self === 'server') kernels.ringAdd(b, d, ringBits, b);
      kernels.ringMultiplyRows(e, b, ringBits, a);
      kernels.ringAdd(c, a, ringBits, c);
      // e and d are parts of one array
      giveBack(b, a, e);
      if (wideA !== a) giveBack(wideA, wideC);
      return c;
    },
  );
}

/** The first `width` columns of x [rows, from]. */
function columns(x: BigUint64Array, from: number, width: number): BigUint64Array {
  return from === width ? x : sliceAxis(x, [x.length / from, from], 1, 0, width);
}
