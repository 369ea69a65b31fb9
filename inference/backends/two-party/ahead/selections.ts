/**
 * Numbers selected by a shared bit into a larger ring, ahead of time: b·x of m bits into k, in one opening in place of a multiplexer's and a widening's.
 *
 * With x_i the shares of x + 2^(m-2), which is below 2^(m-1) where b is 1, and n_i = 1 where the top bit of x_i is 0 (products/widen.ts),
 * x = z_0 + z_1 + 2^m·n_0·n_1 for z_i = x_i - 2^(m-1) (less 2^(m-2) at the server). So with p_i = b_i·n_i and g_i = (1 - 2 b_i)·z_i
 *   b·x = Σ_i b_i·z_i + b_1·g_0 + b_0·g_1 + 2^m·(p_0·n_1 + n_0·p_1 - 2 p_0·p_1).
 * Of the integer G_i = g_i + 2^m below 2^(m+1) its party sends e_i = G_i - rho_i modulo 2^(m+1), rho_i uniform; w_i says whether e_i + rho_i wraps, and
 *   b_j·g_i = b_j·(e_i - 2^m) + b_j·rho_i - 2^(m+1)·b_j·w_i.
 * The bit b_j is rehearsed by a random one, as in bit-products.ts, and b_j·w_i, p_0·n_1, n_0·p_1 and p_0·p_1 are products of a bit that the server knows
 * and one that the client knows (carries.ts), so that b_i, n_i, p_i and w_i are opened, each under a random bit, and e_i under rho_i.
 *
 * Online 2m + 10 bits a number; made with 4 COTs and some 4k + 3 (k - m) bits.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import { type SelectionCorrelation, selectionItem, type Use } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import { exchange, oneWay } from '../exchange/cot-exchange.js';
import { exchangeInTurn } from '../exchange/in-turn.js';
import { uniformWords } from '../linear/product-session.js';
import { bitPlan, ProductReceiver, ProductSender } from '../products/cot-product.js';
import type { Selections } from '../products/multiplications.js';
import { type Field, PackedStore, type Take } from './packed-store.js';
import { packedBits, receiveBits, receiveWords, sendPacked } from './packed-words.js';
import { BITS, CARRIES, combineSelected, maskedBy, read } from './selected-shares.js';

/** Numbers of one batch. */
export const BATCH = 1 << 18;
/** Openings that follow each other. */
export const TURNS_OF_SELECTION = 1;

export function selectionUse(count: number, bits: number, ringBits: number): Use {
  const item = selectionItem(bits, ringBits);
  return item ? [[item, count]] : [];
}

export class SelectionPool {
  /** To be kept over connections. */
  readonly store: PackedStore;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: SelectionCorrelation,
  ) {
    const { bits, ringBits } = correlation;
    const number = (ring: number): Field => ({ width: 1, bits: ring });
    const bit = { ...number(1), as: 'bits' } as const;
    const carry = number(ringBits - bits);
    this.store = new PackedStore([
      ...Array.from({ length: BITS }, () => bit),
      number(bits + 1),
      number(ringBits),
      number(ringBits),
      ...Array.from({ length: CARRIES }, () => carry),
    ]);
  }

  async fill(count: number): Promise<void> {
    while (this.store.available < count) await this.#make(Math.min(BATCH, count - this.store.available));
  }

  readonly #make = protocol('selections ahead', async (items: number): Promise<void> => {
    const { bits, ringBits } = this.correlation;
    const { random, self } = this.party.session;
    const isServer = self === 'server';
    const carryBits = ringBits - bits;
    // b at both parties, n and p at the client are what COTs choose.
    const drawn = (): BigUint64Array => uniformWords(random, items, 1);
    const [b, n, p, w] = isServer
      ? ([takeWords(items), drawn(), drawn(), drawn()] as const)
      : ([takeWords(items), takeWords(items), takeWords(items), drawn()] as const);
    const rho = uniformWords(random, items, bits + 1);

    const plan = { ...bitPlan(items, ringBits, 2), choosesAtRandom: true };
    const sender = new ProductSender(plan, pairs(rho, w));
    const receiver = new ProductReceiver(plan, b);
    await exchange(this.party, sender, receiver);
    const [sent, ownWraps] = columns(sender.share);
    const [received, peersWraps] = columns(receiver.share);
    giveBack(sender.x, sender.share, receiver.share);

    const byN = { ...bitPlan(items, carryBits), choosesAtRandom: true };
    const { share: pn } = await oneWay(this.party, 'client', {
      sender: () => new ProductSender(byN, p),
      receiver: () => new ProductReceiver(byN, n),
    });
    const byP = { ...bitPlan(items, carryBits, 2), choosesAtRandom: true };
    const both = isServer ? pairs(n, p) : null;
    const { share } = await oneWay(this.party, 'client', {
      sender: () => new ProductSender(byP, both!),
      receiver: () => new ProductReceiver(byP, p),
    });
    const [np, pp] = columns(share);
    const wraps = isServer ? [ownWraps, peersWraps] : [peersWraps, ownWraps];
    for (const words of wraps) kernels.ringMask(words, carryBits, words);
    this.store.add(items, [b, n, p, w, rho, sent, received, ...wraps, pn, np, pp]);
    giveBack(b, n, p, w, rho, pn, share, both);
  });

  /** Of all calls, so many are used up. */
  claim(items: number): Selections {
    const take = this.store.claim(items);
    return (bits, x, first) => this.#select(take, bits, x, first);
  }

  readonly #select = protocol(
    'multiplex',
    async (take: Take, b: Uint8Array, x: BigUint64Array, first: PartyId): Promise<BigUint64Array> => {
      const { correlation } = this;
      const { channel, self } = this.party.session;
      const count = x.length;
      const taken = take(count);
      const masks = taken.slice(0, BITS) as Uint8Array[];
      const [rho, sent, received, ...carries] = taken.slice(BITS) as [
        BigUint64Array,
        BigUint64Array,
        BigUint64Array,
        ...BigUint64Array[],
      ];
      const { z, n } = read(x, correlation, self);
      const { e, w } = maskedBy(rho, b, z, correlation);
      const p = takeBytes(count);
      kernels.bitsAnd(b, n, p);
      const own = [b, n, p, w];
      const flips = takeBytes(BITS * count);
      const differs = planesOf(flips, count);
      for (const [at, bits] of own.entries()) kernels.bitsXor(bits, masks[at]!, differs[at]!);
      const [theirFlips, theirE] = await exchangeInTurn(
        this.party,
        () => {
          sendPacked(channel, packedBits(flips));
          sendPacked(channel, e);
        },
        () =>
          Promise.all([
            receiveBits(channel, flips.length),
            receiveWords(channel, count, correlation.bits + 1),
          ] as const),
        first,
      );
      const theirs = planesOf(theirFlips, count);
      const opened = { z, rho, sent, received, carries, own, masks, differs, theirs, theirE };
      combineSelected(opened, correlation, self);
      giveBack(...masks, rho, sent, received, ...carries, n, p, w, flips, theirFlips, theirE);
      return z;
    },
  );
}

/** Of each of a party's bits. */
const planesOf = (bits: Uint8Array, count: number): Uint8Array[] =>
  Array.from({ length: BITS }, (_, at) => bits.subarray(at * count, (at + 1) * count));

/** x, y [n] → [n, 2] */
function pairs(x: BigUint64Array, y: BigUint64Array): BigUint64Array {
  const [rows, out] = [takeWords(2 * x.length), takeWords(2 * x.length)];
  rows.set(x);
  rows.set(y, x.length);
  kernels.ringPermute(rows, Uint32Array.of(2, x.length), Uint32Array.of(1, 0), out);
  giveBack(rows);
  return out;
}

/** [n, 2] → both columns */
function columns(x: BigUint64Array): [BigUint64Array, BigUint64Array] {
  const [count, out] = [x.length / 2, new BigUint64Array(x.length)];
  kernels.ringPermute(x, Uint32Array.of(count, 2), Uint32Array.of(1, 0), out);
  return [out.subarray(0, count), out.subarray(count)];
}
