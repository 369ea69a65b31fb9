/**
 * e^x of x = s + r, r = x0 + x1 = h + l at node 0 and s = x2 at nodes 1 and 2 (backends/exponential.ts): node 0 deals e^l at place h of
 * a vector of zeros, and each of the others multiplies its half by the entries E(s + h) of all places, and sums.
 */
import { kernels } from '#kernels';
import { type Exponent, type ExponentialPlan, exponentialPlan, exponentialTables } from '../exponential.js';
import { ROUNDING } from '../local-backend.js';
import { type Components, known, type Node, sumOf } from './node.js';
import { cut, type Precision, sentBits } from './precision.js';
import type { Scratch } from './scratch.js';
import { hidden, type StepPlan, take, wordsOf } from './step.js';

type Words = BigUint64Array;

/** 1 at place 0. */
const isFirst = (places: number): Words =>
  BigUint64Array.from({ length: places }, (_, i) => (i === 0 ? 1n : 0n));

/** [places, n] from what each place has [n]. */
function ofPlaces(
  scratch: Scratch,
  places: number,
  count: number,
  at: (place: bigint, out: Words) => void,
): Words {
  const all = scratch.words(places * count);
  for (let place = 0; place < places; place++)
    at(BigInt(place), all.subarray(place * count, (place + 1) * count));
  return all;
}

/** What is computed in the product's ring loses the bits that its result has no use for before it is sent. */
const precisionOf = ({ productBits, dropped }: ExponentialPlan): Precision => ({
  ringBits: productBits,
  dropped,
});

/** Of n numbers. */
export function exponentialStep(
  count: number,
  exponent: Exponent,
  fractionBits: number,
): StepPlan<readonly [Words], Words> {
  const plan = exponentialPlan(exponent, fractionBits);
  return {
    dealt: [wordsOf(2 ** plan.indexBits * count, plan.productBits)],
    result: wordsOf(count, sentBits(precisionOf(plan))),
  };
}

/** x [n] → e^x [n] modulo 2^(productBits - dropped) */
export function exponential(
  node: Node,
  x: Components<Words>,
  exponent: Exponent,
  fractionBits: number,
): Promise<Components<Words>> {
  const plan = exponentialPlan(exponent, fractionBits);
  const { ringBits, lowBits, indexBits, productBits } = plan;
  const { entries, factors } = exponentialTables(exponent, fractionBits);
  const count = x[0].length;
  const places = 2 ** indexBits;
  return take(node, {
    ...exponentialStep(count, exponent, fractionBits),
    deal(scratch) {
      const r = sumOf(x, ringBits, scratch.words(count));
      const [high, factor] = [scratch.words(count), scratch.words(count)];
      kernels.ringShiftRight(r, ringBits, lowBits, ROUNDING.floor, indexBits, high);
      kernels.lookUpPlain({ table: factors, x: r, out: factor });
      const first = isFirst(places);
      const vectors = ofPlaces(scratch, places, count, (place, out) => {
        if (count === 0) return;
        kernels.ringSubtract(high, BigUint64Array.of(place), indexBits, out);
        kernels.lookUpPlain({ table: first, x: out, out });
        kernels.ringMultiply(out, factor, productBits, out);
      });
      return [hidden(wordsOf(vectors.length, productBits), vectors)] as const;
    },
    summand(scratch, vectors: Words) {
      const s = known(node, x);
      const read = ofPlaces(scratch, places, count, (place, out) => {
        if (count === 0) return;
        kernels.ringAdd(s, BigUint64Array.of(place << BigInt(lowBits)), ringBits, out);
        kernels.lookUpPlain({ table: entries, x: out, out });
      });
      kernels.ringMultiply(vectors, read, productBits, vectors);
      const out = scratch.words(count);
      if (count > 0) kernels.ringSum(vectors, places, count, productBits, out);
      return cut(node.index, out, precisionOf(plan));
    },
  });
}
