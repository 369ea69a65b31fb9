/**
 * Products of one party's bit and the other's number ahead of time: shares of c·rho for a random bit c of the receiver and a
 * random rho of the sender. Online the receiver sends d = bit XOR c, the sender e = x - rho, both uniform, and
 * bit·x = d·x + (1 - 2d)·(c·rho + c·e). The same two messages as on demand, without a COT.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyContext } from '../context/party-context.js';
import { exchange } from '../exchange/cot-exchange.js';
import { uniformWords } from '../linear/product-session.js';
import type { BitFactors } from '../products/bit-product.js';
import { bitPlan, ProductReceiver, ProductSender } from '../products/cot-product.js';
import { negatedWhere } from '../products/narrow-product.js';
import type { BitCorrelation } from './demand.js';
import { PackedStore } from './packed-store.js';
import { receiveBits, receiveWords, sendBits, sendDifference } from './packed-words.js';

/** Products of one batch. */
export const BATCH = 1 << 20;

export class BitPool {
  /** To be kept over connections. */
  readonly store: PackedStore;
  readonly #isSender: boolean;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: BitCorrelation,
  ) {
    const { ringBits, sender } = correlation;
    this.#isSender = party.session.self === sender;
    const bits = [this.#isSender ? ringBits : 1, ringBits];
    this.store = new PackedStore(bits.map((field) => ({ width: 1, bits: field })));
  }

  async fill(count: number): Promise<void> {
    while (this.store.available < count) await this.#make(Math.min(BATCH, count - this.store.available));
  }

  readonly #make = protocol('bit products ahead', async (items: number): Promise<void> => {
    const { ringBits } = this.correlation;
    const plan = bitPlan(items, ringBits);
    const random = uniformWords(this.party.session.random, items, this.#isSender ? ringBits : 1);
    if (this.#isSender) {
      const sender = new ProductSender(plan, random);
      await exchange(this.party, sender, null);
      this.store.add(items, [random, sender.share]);
      return;
    }
    const receiver = new ProductReceiver(plan, random);
    await exchange(this.party, null, receiver);
    this.store.add(items, [random, receiver.share]);
  });

  /**
   * This party's half of products [n], in two steps so that two directions can cross: the first sends what does not wait for
   * the peer. n products are used up.
   */
  begin({ numbers, bits }: BitFactors): () => Promise<BigUint64Array> {
    const { ringBits } = this.correlation;
    const { channel } = this.party.session;
    const [random, share] = this.store.take(bits.length) as [BigUint64Array, BigUint64Array];
    if (this.#isSender) {
      return async () => {
        const flips = await receiveBits(channel, bits.length);
        sendDifference(channel, numbers, random, ringBits);
        const out = negatedWhere(flips, share, ringBits);
        kernels.ringMask(numbers, ringBits, random);
        kernels.ringSelect(flips, random, random);
        kernels.ringAdd(out, random, ringBits, out);
        return out;
      };
    }
    const [c, flips] = [new Uint8Array(bits.length), new Uint8Array(bits.length)];
    kernels.ringSignBit(random, 1, c);
    kernels.ringSignBit(bits, 1, flips);
    kernels.bitsXor(flips, c, flips);
    sendBits(channel, flips);
    return async () => {
      const e = await receiveWords(channel, bits.length, ringBits);
      kernels.ringSelect(c, e, e);
      kernels.ringAdd(share, e, ringBits, share);
      return negatedWhere(flips, share, ringBits);
    };
  }
}
