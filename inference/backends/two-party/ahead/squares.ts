/**
 * Squares ahead of time. The only products of a square are those of one party's share with the other's. Rehearsed on a
 * random a of the first party and a random rho of the second, they leave shares of a·rho; online the first party makes a its
 * share (it sends the difference), and the second opens the difference of its new share and rho. Both messages are uniform,
 * and no COT is used.
 *
 * Into a larger ring the second factor has two parts, as in narrow-product.ts: with Y = p + a modulo 2^bits, tops t_p and t_a,
 *   p·(a + 2^bits·t_p·t_a) = p·(a - 2^(bits-1)·t_a) - 2^(bits-1)·t_a·(1 - 2 t_p)·p,   p and a signed,
 * masked by rho and sigma; the wrap's t_p·(t_a·a) is rehearsed with a random bit in place of t_p.
 *
 * Online, an element of m into k bits: m bits there, (k - 1) + (k - m) + 1 back; in one ring: k there, k - 1 back. Made for
 * what the square costs on demand.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { Sign } from '../../backend.js';
import { type PartyContext, runStep } from '../context/party-context.js';
import type { SenderCots } from '../../../crypto/ot/cot.js';
import { exchange, itemsPer, WINDOW_COTS } from '../exchange/cot-exchange.js';
import { uniformWords } from '../linear/product-session.js';
import { type ProductPlan, ProductReceiver, ProductSender } from '../products/cot-product.js';
import { squarePlan } from '../products/multiply.js';
import { lifted, nonNegative, squareIntoPlans, squareOf } from '../products/narrow-product.js';
import type { SquareCorrelation } from '../../../material/demand.js';
import { type Field, PackedStore, type TakenField } from './packed-store.js';
import { receiveBits, receiveWords, sendBits, sendDifference } from './packed-words.js';
import { posted } from '../exchange/in-turn.js';

/** Elements of one batch. */
export const BATCH = 1 << 18;

/** rho, sigma and the bit, and shares of the cross term and of the wrap. */
type SecondFields = [BigUint64Array, BigUint64Array, Uint8Array, BigUint64Array, BigUint64Array];

interface Rings {
  /** Of the cross product, of its top payload, and of the wrap (0: there is none). */
  readonly cross: number;
  readonly top: number;
  readonly wrap: number;
}

const ringsOf = ({ bits, ringBits }: SquareCorrelation): Rings =>
  bits === ringBits
    ? { cross: ringBits - 1, top: 0, wrap: 0 }
    : { cross: ringBits - 1, top: ringBits - bits, wrap: ringBits - bits - 1 };

export class SquarePool {
  /** To be kept over connections. */
  readonly store: PackedStore;
  readonly #isFirst: boolean;
  readonly #rings: Rings;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: SquareCorrelation,
  ) {
    this.#isFirst = party.session.self === correlation.first;
    this.#rings = ringsOf(correlation);
    const { cross, top, wrap } = this.#rings;
    const number = (bits: number): Field => ({ width: 1, bits });
    const own: Field[] = this.#isFirst
      ? [number(correlation.bits)]
      : [number(cross), number(top), { ...number(Math.min(1, wrap)), as: 'bits' }];
    this.store = new PackedStore([...own, number(cross), number(wrap)]);
  }

  async fill(count: number): Promise<void> {
    const batch = Math.min(BATCH, itemsPer(WINDOW_COTS, { cotsPerItem: this.correlation.bits }));
    while (this.store.available < count) await this.#make(Math.min(batch, count - this.store.available));
  }

  /** Of one window at most: the wrap's payload is known when the COTs of all items have chosen a. */
  readonly #make = protocol('squares ahead', async (items: number): Promise<void> => {
    const { cross, top, wrap } = this.#rings;
    const { bits, ringBits } = this.correlation;
    const uniform = (ring: number) =>
      ring > 0 ? uniformWords(this.party.session.random, items, ring) : new BigUint64Array(0);
    const isMixed = bits < ringBits;
    const plans = isMixed
      ? randomly(squareIntoPlans(items, bits, ringBits))
      : { cross: squarePlan(items, ringBits), wrap: null };
    if (this.#isFirst) {
      const a = isMixed ? takeWords(items) : uniform(bits);
      const receiver = new ProductReceiver(plans.cross, a);
      const sender = plans.wrap ? new TopPartSender(plans.wrap, a, bits) : null;
      await exchange(this.party, sender, receiver);
      this.store.add(items, [a, receiver.share, sender?.share ?? uniform(0)]);
      giveBack(a, receiver.share, sender?.share ?? null, sender?.x ?? null);
      return;
    }
    const [rho, sigma, bit] = [uniform(cross), uniform(top), takeWords(wrap > 0 ? items : 0)];
    const sender = new ProductSender(plans.cross, rho, isMixed ? sigma : rho);
    const receiver = plans.wrap ? new ProductReceiver(plans.wrap, bit) : null;
    await exchange(this.party, sender, receiver);
    this.store.add(items, [rho, sigma, bit, sender.share, receiver?.share ?? uniform(0)]);
    giveBack(rho, sigma, bit, sender.share, receiver?.share ?? null);
  });

  /** x [n] → x² [n]; n of the squares are used up. */
  square(x: BigUint64Array, sign: Sign): Promise<BigUint64Array> {
    const made = this.store.take(x.length);
    return this.correlation.bits === this.correlation.ringBits
      ? this.#plain(x, made)
      : this.#mixed(x, sign, made);
  }

  readonly #plain = protocol(
    'square',
    async (x: BigUint64Array, made: TakenField[]): Promise<BigUint64Array> => {
      const { ringBits } = this.correlation;
      const { cross } = this.#rings;
      const { channel } = this.party.session;
      const out = takeWords(x.length);
      let product: BigUint64Array;
      if (this.#isFirst) {
        const [a, share] = made as [BigUint64Array, BigUint64Array];
        const opened = await this.#asking(
          () => sendDifference(channel, x, a, ringBits),
          () => receiveWords(channel, x.length, cross),
        );
        kernels.ringMultiply(opened, a, cross, opened);
        kernels.ringAdd(opened, share, cross, opened);
        product = opened;
        kernels.ringMultiply(a, a, ringBits, out);
        giveBack(a, share);
      } else {
        const [rho, , , share] = made as [BigUint64Array, BigUint64Array, Uint8Array, BigUint64Array];
        const p = await this.#answering(x.length, ringBits, (opened) => {
          kernels.ringAdd(opened, x, ringBits, opened);
          sendDifference(channel, opened, rho, cross);
        });
        product = share;
        kernels.ringMultiply(p, p, ringBits, out);
        giveBack(p, rho);
      }
      kernels.ringAddScaled(product, 2n, ringBits, out);
      giveBack(product);
      return out;
    },
  );

  /** The first party's step: what it receives, `receive` waits for in order. */
  async #asking<T>(send: () => void, receive: () => Promise<T>): Promise<T> {
    let received: T;
    await runStep(this.party, {
      begin() {
        send();
      },
      async finish() {
        received = await receive();
      },
    });
    return received!;
  }

  /** The second party's: `answer` gets the first one's difference and may change it → the difference */
  async #answering(
    count: number,
    bits: number,
    answer: (difference: BigUint64Array) => void,
  ): Promise<BigUint64Array> {
    const { channel } = this.party.session;
    let received: Promise<BigUint64Array>;
    await runStep(this.party, {
      begin() {
        received = posted(receiveWords(channel, count, bits));
      },
      answer: () => received.then(answer),
    });
    return received!;
  }

  readonly #mixed = protocol(
    'square',
    async (x: BigUint64Array, sign: Sign, made: TakenField[]): Promise<BigUint64Array> => {
      const { bits, ringBits } = this.correlation;
      const own = nonNegative(this.party, x, bits, sign);
      const { words, terms } = this.#isFirst ? await this.#first(own, made) : await this.#second(own, made);
      const read = lifted(words, bits, ringBits);
      const out = squareOf(this.party, read, bits, ringBits, sign, terms);
      giveBack(own, words, read.topBits, read.signed, terms.cross, terms.wrap);
      return out;
    },
  );

  /** → a, and this party's shares of the cross terms */
  async #first(y: BigUint64Array, made: TakenField[]) {
    const [a, cross, wrap] = made as [BigUint64Array, BigUint64Array, BigUint64Array];
    const { bits } = this.correlation;
    const rings = this.#rings;
    const { channel } = this.party.session;
    const n = y.length;
    const { p, top, flips } = await this.#asking(
      () => sendDifference(channel, y, a, bits),
      async () => ({
        p: await receiveWords(channel, n, rings.cross),
        top: await receiveWords(channel, n, rings.top),
        flips: rings.wrap === 0 ? null : await receiveBits(channel, n),
      }),
    );
    // p·(low bits of a) - 2^(bits-1)·t_a·top
    const low = takeWords(n);
    kernels.ringMask(a, bits - 1, low);
    kernels.ringMultiply(p, low, rings.cross, p);
    kernels.ringAdd(cross, p, rings.cross, cross);
    const topBits = takeBytes(n);
    kernels.ringSignBit(a, bits, topBits);
    kernels.ringSelect(topBits, top, top);
    kernels.ringAddScaled(top, -(1n << BigInt(bits - 1)), rings.cross, cross);
    giveBack(p, low, top);
    if (flips === null) {
      giveBack(topBits, wrap);
      return { words: a, terms: { cross: cross, wrap: null } };
    }

    // wrap ← (1 - 2·flip)·wrap + flip·t_a·a
    kernels.ringNegateWhere(flips, wrap, rings.wrap, wrap);
    kernels.bitsAnd(flips, topBits, flips);
    kernels.ringAddWhere(flips, a, rings.wrap, wrap);
    giveBack(flips, topBits);
    return { words: a, terms: { cross: cross, wrap: wrap } };
  }

  /** → this party's new share, and its shares of the cross terms */
  async #second(y: BigUint64Array, made: TakenField[]) {
    const [rho, sigma, bit, cross, wrap] = made as SecondFields;
    const { bits, ringBits } = this.correlation;
    const rings = this.#rings;
    const { channel } = this.party.session;
    const flips = takeBytes(y.length);
    const words = await this.#answering(y.length, bits, (difference) => {
      kernels.ringAdd(difference, y, bits, difference);
      const { topBits, signed } = lifted(difference, bits, ringBits);
      sendDifference(channel, signed, rho, rings.cross);
      kernels.ringNegateWhere(topBits, signed, ringBits, signed);
      sendDifference(channel, signed, sigma, rings.top);
      if (rings.wrap > 0) {
        kernels.bitsXor(bit, topBits, flips);
        sendBits(channel, flips);
      }
      giveBack(topBits, signed, rho, sigma, bit);
    });
    if (rings.wrap > 0) kernels.ringNegateWhere(flips, wrap, rings.wrap, wrap);
    giveBack(flips);
    if (rings.wrap === 0) return { words, terms: { cross: cross, wrap: null } };
    return { words, terms: { cross: cross, wrap: wrap } };
  }
}

/** The same plans with the multipliers that the COTs choose. */
const randomly = ({ cross, wrap }: ReturnType<typeof squareIntoPlans>) => ({
  cross: { ...cross, choosesAtRandom: true },
  wrap: wrap && { ...wrap, choosesAtRandom: true },
});

/** Sends t_a·a modulo 2^(the plan's ring), for signed numbers a of `bits` bits that are known when it answers; the ring is smaller. */
class TopPartSender extends ProductSender {
  constructor(
    plan: ProductPlan,
    private readonly a: BigUint64Array,
    private readonly bits: number,
  ) {
    super(plan, takeWords(plan.items));
  }

  override answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array {
    const a = this.a.subarray(begin, end);
    const topBits = takeBytes(a.length);
    kernels.ringSignBit(a, this.bits, topBits);
    const part = this.x.subarray(begin, end).fill(0n);
    kernels.ringAddWhere(topBits, a, this.plan.ringBits, part);
    giveBack(topBits);
    return super.answer(cots, corrections, begin, end);
  }
}
