/**
 * bits ? x : 0 of shares: with b = b_0 + b_1 - 2·b_0·b_1, b·x = b_0·x_0 + b_1·x_1 + b_1·(1 - 2 b_0)·x_0 +
 * b_0·(1 - 2 b_1)·x_1 (Rathee et al., SiRnn, S&P 2021, section 4.1). Each party chooses with its share of the bit what the
 * other knows, in both directions at once. A bit that selects a whole row has the row as its payload.
 *
 * Cost per bit and row of w: 2 COTs, 2 bits, then 2 · w · ringBits bits, one round trip. Where there are few (bit-product.ts), a message less is
 * worth more than bits: for w = 1 in one direction ringBits + 1 COTs and as many bits, then ringBits (ringBits + 3) / 2.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import { giveBack, takeWords } from '../../../core/words.js';
import type { BitProduct } from './bit-product.js';

/** bits [n], x [n, width] → [n, width]; `both` multiplies in both directions at once */
export const multiplex = protocol(
  'multiplex',
  async (
    bits: Uint8Array,
    x: BigUint64Array,
    ringBits: number,
    both: BitProduct,
  ): Promise<BigUint64Array> => {
    if (x.length === 0) return new BigUint64Array(0);
    const selected = takeWords(x.length);
    kernels.ringSelect(bits, x, selected);
    const signed = takeWords(x.length);
    kernels.ringNegateWhere(bits, x, ringBits, signed);
    const choices = takeWords(bits.length);
    kernels.ringFromBits(bits, choices);

    const cross = await both({ numbers: signed, bits: choices }, ringBits);
    kernels.ringAdd(selected, cross, ringBits, selected);
    giveBack(signed, choices, cross);
    return selected;
  },
);
