/**
 * AND of XOR-shared bits: a_0 b_0 + a_1 b_1 are local, and the cross terms a_0·b_1 + b_0·a_1 are two COTs with payloads of
 * one bit whose receiver chooses with its shares (Gilboa modulo 2).
 *
 * Cost: 2 COTs, 2 bits one way, 2 bits back.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack } from '../../../core/words.js';
import type { PartyContext } from '../context/party-context.js';
import { oneWay } from '../exchange/cot-exchange.js';
import { bitPlan, ProductReceiver, ProductSender } from './cot-product.js';

export const andPlan = (count: number) => bitPlan(2 * count, 1);

/** a [n], b [n] → [n], one byte 0 or 1 each. */
export const and = protocol(
  'and',
  async (party: PartyContext, a: Uint8Array, b: Uint8Array, receiver: PartyId): Promise<Uint8Array> => {
    const count = a.length;
    const plan = andPlan(count);
    const { share } = await oneWay(party, receiver, {
      sender: () => new ProductSender(plan, wordsOf(a, b)),
      receiver: () => new ProductReceiver(plan, wordsOf(b, a)),
    });
    const cross = new Uint8Array(2 * count);
    kernels.ringSignBit(share, 1, cross);
    giveBack(share);
    const out = new Uint8Array(count);
    kernels.bitsAnd(a, b, out);
    kernels.bitsXor(out, cross.subarray(0, count), out);
    kernels.bitsXor(out, cross.subarray(count), out);
    return out;
  },
);

function wordsOf(first: Uint8Array, second: Uint8Array): BigUint64Array {
  const words = new BigUint64Array(first.length + second.length);
  kernels.ringFromBits(first, words.subarray(0, first.length));
  kernels.ringFromBits(second, words.subarray(first.length));
  return words;
}
