/**
 * Rows times factors that one party knows and that come again in every text (LayerNorm's gamma), ahead of time, as linear
 * layers: the other party holds random rows r, both hold shares of factors·r; online it sends its share of x minus r, which
 * is uniform. One message.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PrivateTensor } from '../../../core/tensors.js';
import { giveBack, takeWords } from '../../../core/words.js';
import { type PartyContext, runStep } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import { uniformWords } from '../linear/product-session.js';
import { multiplyPrivateRows } from '../products/multiply.js';
import { PackedStore } from './packed-store.js';
import { receiveWords, sendDifference } from './packed-words.js';
import { posted } from '../exchange/in-turn.js';

/** Elements of one batch. */
export const BATCH = 1 << 20;

export class FactorPool {
  /** To be kept over connections. */
  readonly store: PackedStore;
  readonly #isOwner: boolean;
  readonly #width: number;

  constructor(
    private readonly party: PartyContext,
    private readonly factors: PrivateTensor,
    readonly ringBits: number,
  ) {
    this.#isOwner = factors.owner === party.session.self;
    this.#width = factors.shape[0]!;
    const bits = [this.#isOwner ? 0 : ringBits, ringBits];
    this.store = new PackedStore(bits.map((field) => ({ width: this.#width, bits: field })));
  }

  async fill(count: number, turns: Turns): Promise<void> {
    const batch = Math.max(1, Math.floor(BATCH / this.#width));
    while (this.store.available < count) {
      turns.take(this.factors.owner);
      await this.#make(Math.min(batch, count - this.store.available));
    }
  }

  readonly #make = protocol('factors ahead', async (rows: number): Promise<void> => {
    const size = rows * this.#width;
    const r = this.#isOwner
      ? new BigUint64Array(size)
      : uniformWords(this.party.session.random, size, this.ringBits);
    const products = await multiplyPrivateRows(this.party, r, this.factors, this.ringBits, 0);
    this.store.add(rows, [this.#isOwner ? new BigUint64Array(0) : r, products]);
  });

  /** x [n, width] → factors[j]·x[i, j]; n rows are used up */
  readonly multiply = protocol('multiplyPrivate', async (x: BigUint64Array): Promise<BigUint64Array> => {
    const { channel } = this.party.session;
    const { ringBits } = this;
    const [r, products] = this.store.take(x.length / this.#width) as [BigUint64Array, BigUint64Array];
    if (!this.#isOwner) {
      await runStep(this.party, {
        begin() {
          sendDifference(channel, x, r, ringBits);
        },
      });
      giveBack(r);
      return products;
    }
    let received: Promise<BigUint64Array>;
    await runStep(this.party, {
      begin() {
        received = posted(receiveWords(channel, x.length, ringBits));
      },
      finish: () => received,
    });
    const masked = await received!;
    kernels.ringAdd(masked, x, ringBits, masked);
    const factors = takeWords(this.#width);
    kernels.ringSignExtend(this.factors.value!.data, this.factors.ringBits, ringBits, factors);
    kernels.ringMultiply(masked, factors, ringBits, masked);
    kernels.ringAdd(products, masked, ringBits, products);
    giveBack(masked, factors);
    return products;
  });
}
