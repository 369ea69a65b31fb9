/**
 * Products of shares modulo 2^k: x·y = x_0·y_0 + x_1·y_1 + (x_0·y_1 + x_1·y_0), the cross terms by COTs (Gilboa, CRYPTO
 * 1999), whose payloads shrink with the weight of the bit.
 *
 * Cost per product: `multiply` 2k COTs, 2k bits, k(k+1) bits back; `square` k-1 COTs, since its cross term 2·x_0·x_1
 * needs x_0·x_1 modulo 2^(k-1) only, k-1 bits, k(k-1)/2 bits back; `multiplyRows` 2k COTs a row of w, 2k bits, w·k(k+1) bits
 * (both directions, one round trip).
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId, PrivateTensor } from '../../../core/tensors.js';
import { giveBack, takeWords } from '../../../core/words.js';
import type { Use } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import { exchange, oneWay } from '../exchange/cot-exchange.js';
import { type ProductPlan, ProductReceiver, ProductSender } from './cot-product.js';
import { ownProduct } from './cut-product.js';

/** Both cross terms in one direction. */
export const multiplyPlan = (count: number, ringBits: number): ProductPlan => ({
  items: 2 * count,
  bits: ringBits,
  ringBits,
  width: 1,
  signed: false,
});

/** A scalar in the ring of its row or a smaller one. */
export const productUse = (rows: number, width: number, ringBits: number): Use =>
  width === 0 ? [] : [[{ kind: 'product', ringBits, width }, rows]];

/** x [n], y [n] → [n] */
export const multiply = protocol(
  'multiply',
  async (
    party: PartyContext,
    x: BigUint64Array,
    y: BigUint64Array,
    ringBits: number,
    receiver: PartyId,
  ): Promise<BigUint64Array> => {
    const count = x.length;
    const plan = multiplyPlan(count, ringBits);
    const { share } = await oneWay(party, receiver, {
      sender: () => new ProductSender(plan, joined(x, y)),
      receiver: () => new ProductReceiver(plan, joined(y, x)),
    });
    const out = new BigUint64Array(count);
    kernels.ringMultiply(x, y, ringBits, out);
    kernels.ringAdd(out, share.subarray(0, count), ringBits, out);
    kernels.ringAdd(out, share.subarray(count), ringBits, out);
    return out;
  },
);

/** One behind the other. */
export function joined(first: BigUint64Array, second: BigUint64Array): BigUint64Array {
  const both = new BigUint64Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Modulo 2^(ringBits - 1), of at least one bit. */
export const squarePlan = (items: number, ringBits: number): ProductPlan => ({
  items,
  bits: ringBits - 1,
  ringBits: ringBits - 1,
  width: 1,
  signed: false,
});

/** x [n] → x·x [n] */
export const square = protocol(
  'square',
  async (
    party: PartyContext,
    x: BigUint64Array,
    ringBits: number,
    receiver: PartyId,
  ): Promise<BigUint64Array> => {
    if (ringBits === 1) return x.slice(); // x·x = x modulo 2
    const out = new BigUint64Array(x.length);
    kernels.ringMultiply(x, x, ringBits, out);
    const plan = squarePlan(x.length, ringBits);
    const { share } = await oneWay(party, receiver, {
      sender: () => new ProductSender(plan, x),
      receiver: () => new ProductReceiver(plan, x),
    });
    kernels.ringScale(share, 2n, ringBits, share);
    kernels.ringAdd(out, share, ringBits, out);
    return out;
  },
);

/** In each of both directions. */
export const multiplyRowsPlan = (items: number, width: number, ringBits: number): ProductPlan => ({
  items,
  bits: ringBits,
  ringBits,
  width,
  signed: false,
});

/** factors [n], x [n, width] → factors[i] · x[i, :] [n, width] */
export const multiplyRows = protocol(
  'multiplyRows',
  async (
    party: PartyContext,
    factors: BigUint64Array,
    x: BigUint64Array,
    ringBits: number,
  ): Promise<BigUint64Array> => {
    const out = new BigUint64Array(x.length);
    if (x.length === 0) return out;
    const plan = multiplyRowsPlan(factors.length, x.length / factors.length, ringBits);
    const sender = new ProductSender(plan, x);
    const receiver = new ProductReceiver(plan, factors);
    await exchange(party, sender, receiver);
    kernels.ringMultiplyRows(x, factors, ringBits, out);
    kernels.ringAdd(out, sender.share, ringBits, out);
    kernels.ringAdd(out, receiver.share, ringBits, out);
    return out;
  },
);

/** What one party knows: factors [m] of `bits` signed bits; `value` is null at the other. */
export interface PrivateFactors {
  readonly owner: PartyId;
  readonly bits: number;
  readonly value: BigUint64Array | null;
}

/** One way, to the owner of `count` factors of `bits` bits. */
export const multiplyPrivatePlan = (
  factors: { readonly count: number; readonly bits: number },
  rows: number,
  ringBits: number,
  dropped: number,
): ProductPlan => ({
  items: factors.count,
  bits: Math.min(factors.bits, ringBits),
  ringBits,
  width: rows,
  signed: true,
  dropped,
});

/** Of factors by their number in the order in which they were announced or first met. */
export const multiplyPrivateUse = (factors: number, rows: number, ringBits: number): Use => [
  [{ kind: 'factors', factors, ringBits }, rows],
];

/**
 * factors[j] · x[i, j] for rows x [n, m], given and returned as columns [m, n]. The owner's own term is local; its bits
 * choose among the peer's columns, one way. The result is taken.
 *
 * Cost per factor of B bits: B COTs, B bits, n · (k + ... + (k-B+1)) bits back.
 */
export const multiplyPrivate = protocol(
  'multiplyPrivate',
  async (
    party: PartyContext,
    columns: BigUint64Array,
    factors: PrivateFactors & { readonly count: number },
    ringBits: number,
    dropped: number,
  ): Promise<BigUint64Array> => {
    if (columns.length === 0) return new BigUint64Array(0);
    const plan = multiplyPrivatePlan(factors, columns.length / factors.count, ringBits, dropped);
    if (factors.value === null) {
      const sender = new ProductSender(plan, columns);
      await exchange(party, sender, null);
      return sender.share;
    }
    const receiver = new ProductReceiver(plan, factors.value);
    await exchange(party, null, receiver);
    const out = ownProduct(plan, factors.value, columns);
    kernels.ringAdd(out, receiver.share, ringBits, out);
    giveBack(receiver.share);
    return out;
  },
);

/** The same for rows as they lie: x [n, m] times y [m] → [n, m] */
export async function multiplyPrivateRows(
  party: PartyContext,
  x: BigUint64Array,
  y: PrivateTensor,
  ringBits: number,
  dropped: number,
): Promise<BigUint64Array> {
  const count = y.shape[0]!;
  const rows = x.length / count;
  const factors = { owner: y.owner, bits: y.ringBits, count, value: y.value?.data ?? null };
  const columns = transposed(x, rows, count);
  const products = await multiplyPrivate(party, columns, factors, ringBits, dropped);
  const out = transposed(products, count, rows);
  giveBack(columns, products);
  return out;
}

/** x [rows, columns] → [columns, rows], taken */
function transposed(x: BigUint64Array, rows: number, columns: number): BigUint64Array {
  const out = takeWords(x.length);
  kernels.ringPermute(x, Uint32Array.of(rows, columns), Uint32Array.of(1, 0), out);
  return out;
}
