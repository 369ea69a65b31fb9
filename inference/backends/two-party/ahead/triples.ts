/**
 * Products of two shared matrices ahead of time (Beaver, CRYPTO 1991): shares of A [batch, n, k], B [batch, k, m] and A·B;
 * online x - A and y - B are opened, uniform both, and x·y = A·B + (x - A)·B + A·(y - B) + (x - A)·(y - B). One crossing of
 * messages, and no encryption.
 *
 * How many tokens are left is known online only. A triple made for more serves fewer: rows of A and columns of B are left out
 * together with theirs of A·B; the inner extent is filled up with zeros.
 */
import { kernels } from '#kernels';
import { sliceAxis } from '../../../core/layout.js';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeWords } from '../../../core/words.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turn, Turns } from '../context/turns.js';
import { rangesOf } from '../exchange/cot-exchange.js';
import type { MatmulShape } from '../linear/linear-protocols.js';
import { uniformWords } from '../linear/product-session.js';
import { isSmallMatmul } from '../products/small-matmul.js';
import type { MatmulCorrelation } from '../../../material/correlation.js';
import { PackedStore } from './packed-store.js';
import { openDifferences } from './packed-words.js';

/** Words of one batch of triples while they are made. */
const BATCH_WORDS = 1 << 22;
/** Products of one message: each is a ciphertext or more, and several times that while it is computed. */
export const BATCH_PRODUCTS = 160;

type Matmul = (
  x: BigUint64Array,
  y: BigUint64Array,
  shape: MatmulShape,
  turn: Turn,
) => Promise<BigUint64Array>;

const words = ({ batch, n, k, m }: Omit<MatmulShape, 'ringBits'>) => ({
  x: batch * n * k,
  y: batch * k * m,
  out: batch * n * m,
});

export class TriplePool {
  /** To be kept over connections. */
  readonly store: PackedStore;

  constructor(
    private readonly party: PartyContext,
    private readonly matmul: Matmul,
    readonly shape: MatmulCorrelation,
  ) {
    const { x, y, out } = words(shape);
    const bits = shape.ringBits;
    this.store = new PackedStore([x, y, out].map((width) => ({ width, bits })));
  }

  async fill(count: number, turns: Turns): Promise<void> {
    const { x, y, out } = words(this.shape);
    const most = Math.min(BATCH_WORDS / (x + y + out), BATCH_PRODUCTS / this.shape.batch);
    const batch = Math.max(1, Math.floor(most));
    while (this.store.available < count)
      await this.#make(Math.min(batch, count - this.store.available), turns);
  }

  readonly #make = protocol('triples ahead', async (triples: number, turns: Turns): Promise<void> => {
    const { batch, ringBits } = this.shape;
    const shape = { ...this.shape, batch: batch * triples };
    const { random } = this.party.session;
    const { x, y } = words(shape);
    const a = uniformWords(random, x, ringBits);
    const b = uniformWords(random, y, ringBits);
    this.store.add(triples, [a, b, await this.#products(a, b, shape, turns)]);
  });

  /** x·y, so many of the batch at a time that memory stays bounded. */
  async #products(
    x: BigUint64Array,
    y: BigUint64Array,
    shape: MatmulShape,
    turns: Turns,
  ): Promise<BigUint64Array> {
    const turnOf = (part: MatmulShape) => (isSmallMatmul(part) ? turns.takeTurn() : turns.takeBothWays());
    if (shape.batch <= BATCH_PRODUCTS) return this.matmul(x, y, shape, turnOf(shape));
    const each = words({ ...shape, batch: 1 });
    const out = new BigUint64Array(words(shape).out);
    for (const [begin, end] of rangesOf([0, shape.batch], BATCH_PRODUCTS)) {
      const part = { ...shape, batch: end - begin };
      const products = await this.matmul(
        x.slice(begin * each.x, end * each.x),
        y.slice(begin * each.y, end * each.y),
        part,
        turnOf(part),
      );
      out.set(products, begin * each.out);
    }
    return out;
  }

  /** Words that each party sends to multiply matrices of this shape; infinite if they do not fit. */
  opened({ batch, n, k, m, ringBits }: MatmulShape): number {
    const made = this.shape;
    const fits =
      batch === made.batch && n <= made.n && k <= made.k && m <= made.m && ringBits <= made.ringBits;
    return fits ? batch * made.k * (n + m) : Number.POSITIVE_INFINITY;
  }

  /** x·y of a shape that fits; one triple is used up. */
  readonly multiply = protocol(
    'matmul',
    async (
      x: BigUint64Array,
      y: BigUint64Array,
      { batch, n, k, m, ringBits }: MatmulShape,
      first: PartyId,
    ): Promise<BigUint64Array> => {
      const { session } = this.party;
      const made = this.shape;
      const [wholeA, wholeB, wholeC] = this.store.take(1) as [BigUint64Array, BigUint64Array, BigUint64Array];
      const a = sliceAxis(wholeA, [batch, made.n, made.k], 1, 0, n);
      const b = sliceAxis(wholeB, [batch, made.k, made.m], 2, 0, m);
      const rowsOfC = sliceAxis(wholeC, [batch, made.n, made.m], 1, 0, n);
      const c = sliceAxis(rowsOfC, [batch, n, made.m], 2, 0, m);
      giveBack(wholeA, wholeB, wholeC, rowsOfC);
      for (const part of [a, b, c]) kernels.ringMask(part, ringBits, part);
      const left = padded(x, [batch * n, k, 1], made.k);
      const right = padded(y, [batch, k, m], made.k);
      const [e, d] = await openDifferences(this.party, [left, a], [right, b], ringBits, first);
      giveBack(left === x ? null : left, right === y ? null : right);
      // c + a·d + e·(b + [server] d)
      const product = takeWords(c.length);
      kernels.ringMatmul(a, d, batch, n, made.k, m, ringBits, product);
      kernels.ringAdd(c, product, ringBits, c);
      if (session.self === 'server') kernels.ringAdd(b, d, ringBits, b);
      kernels.ringMatmul(e, b, batch, n, made.k, m, ringBits, product);
      kernels.ringAdd(c, product, ringBits, c);
      // e and d are parts of one array
      giveBack(a, b, product, e);
      return c;
    },
  );
}

/** x [outer, extent, inner] with zeros up to `to` along the middle axis. */
function padded(
  x: BigUint64Array,
  [outer, extent, inner]: readonly [number, number, number],
  to: number,
): BigUint64Array {
  if (extent === to) return x;
  const out = takeWords(outer * to * inner).fill(0n);
  for (let o = 0; o < outer; o++)
    out.set(x.subarray(o * extent * inner, (o + 1) * extent * inner), o * to * inner);
  return out;
}
