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
import { exchange, oneWay, type TwoParty } from '../exchange/cot-exchange.js';
import { ProductReceiver, ProductSender } from './cot-product.js';

/** x [n], y [n] → [n] */
export const multiply = protocol(
  'multiply',
  async (
    party: TwoParty,
    x: BigUint64Array,
    y: BigUint64Array,
    ringBits: number,
  ): Promise<BigUint64Array> => {
    const count = x.length;
    const plan = { items: 2 * count, bits: ringBits, ringBits, width: 1, signed: false };
    const { share } = await oneWay(party, {
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

function joined(first: BigUint64Array, second: BigUint64Array): BigUint64Array {
  const both = new BigUint64Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** x [n] → x·x [n] */
export const square = protocol(
  'square',
  async (party: TwoParty, x: BigUint64Array, ringBits: number): Promise<BigUint64Array> => {
    const out = new BigUint64Array(x.length);
    kernels.ringMultiply(x, x, ringBits, out);
    if (ringBits === 1) return x.slice(); // x·x = x modulo 2
    const plan = { items: x.length, bits: ringBits - 1, ringBits: ringBits - 1, width: 1, signed: false };
    const { share } = await oneWay(party, {
      sender: () => new ProductSender(plan, x),
      receiver: () => new ProductReceiver(plan, x),
    });
    kernels.ringScale(share, 2n, ringBits, share);
    kernels.ringAdd(out, share, ringBits, out);
    return out;
  },
);

/** factors [n], x [n, width] → factors[i] · x[i, :] [n, width] */
export const multiplyRows = protocol(
  'multiplyRows',
  async (
    party: TwoParty,
    factors: BigUint64Array,
    x: BigUint64Array,
    ringBits: number,
  ): Promise<BigUint64Array> => {
    if (x.length === factors.length) return multiply(party, x, factors, ringBits);
    const out = new BigUint64Array(x.length);
    if (x.length === 0) return out;
    const plan = {
      items: factors.length,
      bits: ringBits,
      ringBits,
      width: x.length / factors.length,
      signed: false,
    };
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

/**
 * factors[j] · x[i, j] for rows x [n, m], given and returned as columns [m, n]. The owner's own term is local; its bits
 * choose among the peer's columns, one way.
 *
 * Cost per factor of B bits: B COTs, B bits, n · (k + ... + (k-B+1)) bits back.
 */
export const multiplyPrivate = protocol(
  'multiplyPrivate',
  async (
    party: TwoParty,
    columns: BigUint64Array,
    factors: PrivateFactors & { readonly count: number },
    ringBits: number,
  ): Promise<BigUint64Array> => {
    if (columns.length === 0) return new BigUint64Array(0);
    const bits = Math.min(factors.bits, ringBits);
    const plan = {
      items: factors.count,
      bits,
      ringBits,
      width: columns.length / factors.count,
      signed: true,
    };
    party.nextReceiver = factors.owner === 'server' ? 'client' : 'server';
    if (factors.value === null) {
      const sender = new ProductSender(plan, columns);
      await exchange(party, sender, null);
      return sender.share;
    }
    const receiver = new ProductReceiver(plan, factors.value);
    await exchange(party, null, receiver);
    const signed = new BigUint64Array(factors.count);
    kernels.ringSignExtend(factors.value, factors.bits, ringBits, signed);
    const out = new BigUint64Array(columns.length);
    kernels.ringMultiplyRows(columns, signed, ringBits, out);
    kernels.ringAdd(out, receiver.share, ringBits, out);
    return out;
  },
);

/** The same for rows as they lie: x [n, m] times y [m] → [n, m] */
export async function multiplyPrivateRows(
  party: TwoParty,
  x: BigUint64Array,
  y: PrivateTensor,
  ringBits: number,
): Promise<BigUint64Array> {
  const count = y.shape[0]!;
  const rows = x.length / count;
  const factors = { owner: y.owner, bits: y.ringBits, count, value: y.value?.data ?? null };
  const products = await multiplyPrivate(party, transposed(x, rows, count), factors, ringBits);
  return transposed(products, count, rows);
}

/** x [rows, columns] → [columns, rows] */
function transposed(x: BigUint64Array, rows: number, columns: number): BigUint64Array {
  const out = new BigUint64Array(x.length);
  kernels.ringPermute(x, Uint32Array.of(rows, columns), Uint32Array.of(1, 0), out);
  return out;
}
