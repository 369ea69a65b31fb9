/**
 * Squares ahead of time. The only products of a square are those of one party's share with the other's. Rehearsed on a
 * random a of the first party and a random rho of the second, they leave shares of a·rho; online the first party makes a its
 * share (it sends the difference), and the second opens the difference of its new share and rho. Both messages are uniform,
 * and no COT is used. Into a larger ring: mixed-squares.ts.
 *
 * Online, an element in one ring: k bits there, k - 1 back. Made for what the square costs on demand.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import { giveBack, takeWords } from '../../../core/words.js';
import type { SquareCorrelation } from '../../../material/correlation.js';
import type { Sign } from '../../backend.js';
import type { PartyContext } from '../context/party-context.js';
import { exchange, itemsPer, WINDOW_COTS } from '../exchange/cot-exchange.js';
import { uniformWords } from '../linear/product-session.js';
import { ProductReceiver, ProductSender } from '../products/cot-product.js';
import { squarePlan } from '../products/multiply.js';
import { makeMixed } from './mixed-square-making.js';
import { mixedFields, mixedSquare } from './mixed-squares.js';
import { type Field, PackedStore } from './packed-store.js';
import { receiveWords, sendDifference } from './packed-words.js';
import { answering, asking } from './question.js';

/** Elements of one batch. */
export const BATCH = 1 << 18;

export class SquarePool {
  /** To be kept over connections. */
  readonly store: PackedStore;
  readonly #isFirst: boolean;
  readonly #isMixed: boolean;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: SquareCorrelation,
  ) {
    const { bits, ringBits, first } = correlation;
    this.#isFirst = party.session.self === first;
    this.#isMixed = bits < ringBits;
    const number = (ring: number): Field => ({ width: 1, bits: ring });
    const plain = [number(this.#isFirst ? bits : bits - 1), number(bits - 1)];
    this.store = new PackedStore(this.#isMixed ? mixedFields(correlation, this.#isFirst) : plain);
  }

  /** Of one window at most, by any of its exchanges. */
  async fill(count: number): Promise<void> {
    const batch = Math.min(BATCH, itemsPer(WINDOW_COTS, { cotsPerItem: this.correlation.bits }));
    while (this.store.available < count) await this.#make(Math.min(batch, count - this.store.available));
  }

  readonly #make = protocol('squares ahead', async (items: number): Promise<void> => {
    const made = await (this.#isMixed
      ? makeMixed(this.party, this.correlation, items, this.#isFirst)
      : this.#makePlain(items));
    this.store.add(items, made);
    giveBack(...made);
  });

  async #makePlain(items: number): Promise<BigUint64Array[]> {
    const { bits } = this.correlation;
    const plan = squarePlan(items, bits);
    const { random } = this.party.session;
    if (this.#isFirst) {
      const a = uniformWords(random, items, bits);
      const receiver = new ProductReceiver(plan, a);
      await exchange(this.party, null, receiver);
      return [a, receiver.share];
    }
    const rho = uniformWords(random, items, bits - 1);
    const sender = new ProductSender(plan, rho);
    await exchange(this.party, sender, null);
    return [rho, sender.share];
  }

  /** x [n] → x² [n]; n of the squares are used up. */
  readonly square = protocol('square', async (x: BigUint64Array, sign: Sign): Promise<BigUint64Array> => {
    if (this.#isMixed) {
      const made = this.store.remove(x.length);
      return mixedSquare(this.party, this.correlation, this.#isFirst, x, sign, made);
    }
    return this.#plain(x, this.store.take(x.length) as BigUint64Array[]);
  });

  async #plain(x: BigUint64Array, [own, share]: BigUint64Array[]): Promise<BigUint64Array> {
    const { ringBits } = this.correlation;
    const cross = ringBits - 1;
    const { channel } = this.party.session;
    const out = takeWords(x.length);
    if (this.#isFirst) {
      const opened = await asking(
        this.party,
        () => sendDifference(channel, x, own!, ringBits),
        () => receiveWords(channel, x.length, cross),
      );
      kernels.ringMultiply(opened, own!, cross, opened);
      kernels.ringAdd(share!, opened, cross, share!);
      kernels.ringMultiply(own!, own!, ringBits, out);
      giveBack(opened);
    } else {
      const p = await answering(this.party, x.length, ringBits, (words) => {
        kernels.ringAdd(words, x, ringBits, words);
        sendDifference(channel, words, own!, cross);
      });
      kernels.ringMultiply(p, p, ringBits, out);
      giveBack(p);
    }
    kernels.ringAddScaled(share!, 2n, ringBits, out);
    giveBack(own!, share!);
    return out;
  }
}
