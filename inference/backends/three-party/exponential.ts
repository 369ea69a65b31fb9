/**
 * e^x of x = s + r, r = x0 + x1 = h + l at node 0 and s = x2 at nodes 1 and 2 (backends/exponential.ts): node 0 deals e^l at place h of
 * a vector of zeros, and each of the others multiplies its half by the entries E(s + h) of all places, and sums.
 */
import { kernels } from '#kernels';
import { type Exponent, exponentialPlan, exponentialTables } from '../exponential.js';
import { ROUNDING } from '../local-backend.js';
import { type Components, known, type Node, sumOf } from './node.js';
import { hidden, type StepPlan, take, wordsOf } from './step.js';

type Words = BigUint64Array;

/** 1 at place 0. */
const isFirst = (places: number): Words =>
  BigUint64Array.from({ length: places }, (_, i) => (i === 0 ? 1n : 0n));

/** [places, n] from what each place has [n]. */
function ofPlaces(places: number, count: number, at: (place: bigint, out: Words) => void): Words {
  const all = new BigUint64Array(places * count);
  for (let place = 0; place < places; place++)
    at(BigInt(place), all.subarray(place * count, (place + 1) * count));
  return all;
}

/** Of n numbers. */
export function exponentialStep(
  count: number,
  exponent: Exponent,
  fractionBits: number,
): StepPlan<readonly [Words], Words> {
  const { indexBits, productBits } = exponentialPlan(exponent, fractionBits);
  return { dealt: [wordsOf(2 ** indexBits * count, productBits)], result: wordsOf(count, productBits) };
}

/** x [n] → e^x [n] modulo 2^productBits */
export function exponential(
  node: Node,
  x: Components<Words>,
  exponent: Exponent,
  fractionBits: number,
): Promise<Components<Words>> {
  const { ringBits, lowBits, indexBits, productBits } = exponentialPlan(exponent, fractionBits);
  const { entries, factors } = exponentialTables(exponent, fractionBits);
  const count = x[0].length;
  const places = 2 ** indexBits;
  return take(node, {
    ...exponentialStep(count, exponent, fractionBits),
    deal() {
      const r = sumOf(x, ringBits);
      const [high, factor] = [new BigUint64Array(count), new BigUint64Array(count)];
      kernels.ringShiftRight(r, ringBits, lowBits, ROUNDING.floor, indexBits, high);
      kernels.lookUpPlain({ table: factors, x: r, out: factor });
      const first = isFirst(places);
      const vectors = ofPlaces(places, count, (place, out) => {
        if (count === 0) return;
        kernels.ringSubtract(high, BigUint64Array.of(place), indexBits, out);
        kernels.lookUpPlain({ table: first, x: out, out });
        kernels.ringMultiply(out, factor, productBits, out);
      });
      return [hidden(wordsOf(vectors.length, productBits), vectors)] as const;
    },
    summand(vectors: Words) {
      const s = known(node, x);
      const read = ofPlaces(places, count, (place, out) => {
        if (count === 0) return;
        kernels.ringAdd(s, BigUint64Array.of(place << BigInt(lowBits)), ringBits, out);
        kernels.lookUpPlain({ table: entries, x: out, out });
      });
      kernels.ringMultiply(vectors, read, productBits, vectors);
      const out = new BigUint64Array(count);
      if (count > 0) kernels.ringSum(vectors, places, count, productBits, out);
      return out;
    },
  });
}
