/**
 * Carries ahead of time: products of a bit of each party, as a number modulo 2^k. Shares of o_0·o_1 for random bits o_0 and o_1 that the parties know one
 * each. Online each sends d_i = x_i XOR o_i, which is uniform, and x_0·x_1 = d_1·x_0 + d_0·(1 - 2 d_1)·o_1 + (1 - 2 d_0)(1 - 2 d_1)·o_0·o_1. So a
 * carry of any ring takes two bits on the line; neither waits for the other.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { CarryCorrelation } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import { oneWay } from '../exchange/cot-exchange.js';
import { uniformWords } from '../linear/product-session.js';
import { bitPlan, ProductReceiver, ProductSender } from '../products/cot-product.js';
import { PackedStore } from './packed-store.js';
import { exchangeBits } from './packed-words.js';

/** Carries of one batch. */
export const BATCH = 1 << 20;

export class CarryPool {
  /** To be kept over connections. */
  readonly store: PackedStore;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: CarryCorrelation,
  ) {
    this.store = new PackedStore([
      { width: 1, bits: 1, as: 'bits' },
      { width: 1, bits: correlation.ringBits },
    ]);
  }

  async fill(count: number, turns: Turns): Promise<void> {
    while (this.store.available < count)
      await this.#make(Math.min(BATCH, count - this.store.available), turns);
  }

  readonly #make = protocol('carries ahead', async (items: number, turns: Turns): Promise<void> => {
    const plan = { ...bitPlan(items, this.correlation.ringBits), choosesAtRandom: true };
    const { random, self } = this.party.session;
    const receiver = turns.take();
    // The receiver's are what the COTs choose.
    const own = receiver === self ? takeWords(items) : uniformWords(random, items, 1);
    const { share } = await oneWay(this.party, receiver, {
      sender: () => new ProductSender(plan, own),
      receiver: () => new ProductReceiver(plan, own),
    });
    this.store.add(items, [own, share]);
    giveBack(own, share);
  });

  /** This party's bits, 0 or 1 [n] → its share of the products [n], taken; n are used up */
  readonly carries = protocol(
    'carries',
    async (x: BigUint64Array, first: PartyId): Promise<BigUint64Array> => {
      const { ringBits } = this.correlation;
      const [own, share] = this.store.take(x.length) as [Uint8Array, BigUint64Array];
      const differs = takeBytes(x.length);
      kernels.ringSignBit(x, 1, differs);
      kernels.bitsXor(differs, own, differs);
      const theirs = await exchangeBits(this.party, differs, first);
      becomeCarry({ x, own, differs, theirs, share }, ringBits, this.party.session.self);
      giveBack(own, differs, theirs);
      return share;
    },
  );
}

/** This party's side of carries, after the differences were exchanged; [n] each. */
export interface OpenedCarry {
  /** What is multiplied: 0 or 1. */
  readonly x: BigUint64Array;
  /** o, one byte each. */
  readonly own: Uint8Array;
  /** x XOR o, here and at the peer. */
  readonly differs: Uint8Array;
  readonly theirs: Uint8Array;
  /** Of o_0·o_1. */
  readonly share: BigUint64Array;
}

/** The share becomes that of x_0·x_1 modulo 2^ringBits; `differs` is overwritten. */
export function becomeCarry(
  { x, own, differs, theirs, share }: OpenedCarry,
  ringBits: number,
  self: PartyId,
): void {
  // What the peer's difference multiplies: here x_0, there (1 - 2 d_1)·o_1
  const isServer = self === 'server';
  const added = isServer ? x : takeWords(x.length);
  if (!isServer) {
    kernels.ringFromBits(own, added);
    kernels.ringNegateWhere(differs, added, ringBits, added);
  }
  kernels.bitsXor(differs, theirs, differs);
  kernels.ringNegateWhere(differs, share, ringBits, share);
  kernels.ringAddWhere(theirs, added, ringBits, share);
  giveBack(isServer ? null : added);
}
