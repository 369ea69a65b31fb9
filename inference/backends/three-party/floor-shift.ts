/** Numbers without their lowest bits, exactly. */
import { kernels } from '#kernels';
import { mapTuple } from '../../../util/map-tuple.js';
import { bitsToWords } from './bits-to-words.js';
import { carryOut, type Summands } from './carry.js';
import { type Components, known, type Node, sumOf } from './node.js';

type Shared = Components<BigUint64Array>;

/**
 * floor(x / 2^bits) modulo 2^(ringBits - bits), exactly: every component is shifted, and what their low parts carry together is
 * added: at node 0 from x0 and x1, and by a comparison from their sum and x2.
 */
export async function floorShift(node: Node, x: Shared, ringBits: number, bits: number): Promise<Shared> {
  const [count, rest] = [x[0].length, ringBits - bits];
  const lows = mapTuple(x, (words) => {
    const out = new BigUint64Array(count);
    kernels.ringMask(words, bits, out);
    return out;
  });
  const summands: Summands = {
    own: node.index === 0 ? sumOf(lows, bits) : known(node, lows),
    count,
    copies: 1,
    bits,
  };
  const carries = await carryOut(node, summands);
  const more = new BigUint64Array(count);
  if (node.index === 0) kernels.ringShiftRight(sumOf(lows, bits + 1), bits + 1, bits, 0, 1, more);
  const carried = await bitsToWords(node, carries, rest, more);
  return mapTuple(x, (words, c) => {
    const out = new BigUint64Array(count);
    kernels.ringShiftRight(words, ringBits, bits, 0, rest, out);
    kernels.ringAdd(out, carried[c]!, rest, out);
    return out;
  });
}
