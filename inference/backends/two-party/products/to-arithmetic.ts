/**
 * XOR-shared bits as additive shares modulo 2^ringBits: b = b_0 + b_1 - 2·b_0·b_1 (Rathee et al., CrypTFlow2, CCS 2020,
 * section 2.4); the product is needed modulo 2^(ringBits - 1) only.
 *
 * Cost: 1 COT, 1 bit one way, ringBits - 1 bits back.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import { giveBack, takeWords } from '../../../core/words.js';
import type { Carries } from './bit-product.js';

/** bits [n] → [n] */
export const toArithmetic = protocol(
  'toArithmetic',
  async (bits: Uint8Array, ringBits: number, carries: Carries): Promise<BigUint64Array> => {
    const own = takeWords(bits.length);
    kernels.ringFromBits(bits, own);
    if (ringBits === 1) return own;
    const share = await carries(own, ringBits - 1);
    kernels.ringScale(share, 2n, ringBits, share);
    kernels.ringSubtract(own, share, ringBits, share);
    giveBack(own);
    return share;
  },
);
