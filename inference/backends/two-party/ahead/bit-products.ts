/**
 * Products of one party's bit and the other's number ahead of time: shares of c·rho for a random bit c of the receiver and a
 * random rho of the sender. Online the receiver sends d = bit XOR c, the sender e = x - rho, both uniform, and
 * bit·x = d·x + (1 - 2d)·(c·rho + c·e). As many bits as on demand, without a COT; and neither message waits for the other, so products in both
 * directions are one opening, in which parties take turns. Where the number is a bit as well, there are carries (carries.ts).
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { PartyContext } from '../context/party-context.js';
import { exchange } from '../exchange/cot-exchange.js';
import { uniformWords } from '../linear/product-session.js';
import type { BitFactors } from '../products/bit-product.js';
import { bitPlan, ProductReceiver, ProductSender } from '../products/cot-product.js';
import type { BitCorrelation } from '../../../material/correlation.js';
import { PackedStore, type TakenField } from './packed-store.js';
import { packedBits, packedDifference, receivePacked, sendPacked } from './packed-words.js';
import { exchangeInTurn } from '../exchange/in-turn.js';

/** Products of one batch. */
export const BATCH = 1 << 20;

/** One party's half of some products: one message each way, which is made at once. */
export interface BitHalf {
  send(): void;
  /** What the peer sends. */
  receive(): Promise<Uint8Array>;
  /** Of that, this party's share: after all messages. */
  share(received: Uint8Array): BigUint64Array;
}

/**
 * Runs up to two halves, of both directions, at once → the sum of their shares, taken and the caller's to give back. `first` sends
 * first.
 */
export async function runHalves(
  party: PartyContext,
  halves: readonly BitHalf[],
  ringBits: number,
  first: PartyId,
): Promise<BigUint64Array> {
  const send = (): void => {
    for (const half of halves) half.send();
  };
  const receive = () => Promise.all(halves.map((half) => half.receive()));
  const received = await exchangeInTurn(party, send, receive, first);
  const [sum, ...others] = halves.map((half, i) => half.share(received[i]!));
  for (const other of others) {
    kernels.ringAdd(sum!, other, ringBits, sum!);
    giveBack(other);
  }
  return sum!;
}

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
    const number = { width: 1, bits: ringBits };
    this.store = new PackedStore([this.#isSender ? number : { width: 1, bits: 1, as: 'bits' }, number]);
  }

  async fill(count: number): Promise<void> {
    while (this.store.available < count) await this.#make(Math.min(BATCH, count - this.store.available));
  }

  readonly #make = protocol('bit products ahead', async (items: number): Promise<void> => {
    const { ringBits } = this.correlation;
    const plan = { ...bitPlan(items, ringBits), choosesAtRandom: true };
    if (this.#isSender) {
      const random = uniformWords(this.party.session.random, items, ringBits);
      const sender = new ProductSender(plan, random);
      await exchange(this.party, sender, null);
      this.store.add(items, [random, sender.share]);
      giveBack(random, sender.share);
      return;
    }
    const bits = takeWords(items);
    const receiver = new ProductReceiver(plan, bits);
    await exchange(this.party, null, receiver);
    this.store.add(items, [bits, receiver.share]);
    giveBack(bits, receiver.share);
  });

  /** This party's half of products [n], of which n are used up now. */
  half(factors: BitFactors): BitHalf {
    const [random, share] = this.store.take(factors.bits.length) as [TakenField, BigUint64Array];
    return random instanceof BigUint64Array
      ? this.#sending(factors, random, share)
      : this.#receiving(factors, random, share);
  }

  #sending({ numbers }: BitFactors, random: BigUint64Array, share: BigUint64Array): BitHalf {
    const { ringBits } = this.correlation;
    const { channel } = this.party.session;
    const bytes = packedDifference(numbers, random, ringBits);
    return {
      send: () => sendPacked(channel, bytes),
      receive: () => receivePacked(channel, random.length, 1),
      share(received) {
        const flips = takeBytes(random.length);
        kernels.bitsUnpack(received, flips);
        kernels.ringNegateWhere(flips, share, ringBits, share);
        kernels.ringAddWhere(flips, numbers, ringBits, share);
        giveBack(random, received, flips);
        return share;
      },
    };
  }

  #receiving({ bits }: BitFactors, random: Uint8Array, share: BigUint64Array): BitHalf {
    const { ringBits } = this.correlation;
    const { channel } = this.party.session;
    const flips = takeBytes(bits.length);
    kernels.ringSignBit(bits, 1, flips);
    kernels.bitsXor(flips, random, flips);
    const bytes = packedBits(flips);
    return {
      send: () => sendPacked(channel, bytes),
      receive: () => receivePacked(channel, bits.length, ringBits),
      share(received) {
        const e = takeWords(bits.length);
        kernels.ringUnpack(received, ringBits, e);
        kernels.ringAddWhere(random, e, ringBits, share);
        kernels.ringNegateWhere(flips, share, ringBits, share);
        giveBack(random, flips, received, e);
        return share;
      },
    };
  }
}
