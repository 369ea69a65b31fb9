/**
 * Shared numbers at places that neither party knows: a vector of zeros but for one entry, made by doubling. Each party draws a bit
 * of the place a level; with the XOR b of both, a row w becomes (w - b·w, b·w). Once it is there, a table at a shared place x takes one opening: of
 * x less the vector's place, which is uniform; turning the table by that and summing is local.
 *
 * Cost for 2^m entries of k bits: 2m COTs, 2k (2^m - 1) + 2m bits for the vectors; m COTs and about m²/2 bits for the places.
 */
import { kernels } from '#kernels';
import { concatAxis } from '../../../core/layout.js';
import type { PartyId } from '../../../core/tensors.js';
import type { PartyContext } from '../context/party-context.js';
import { uniformWords } from '../linear/product-session.js';
import { bitProducts } from '../products/bit-product.js';
import { multiplex } from '../products/multiplex.js';
import { toArithmetic } from '../products/to-arithmetic.js';

export interface UnitVectors {
  /** This party's share of the places, modulo 2^indexBits [n]. */
  readonly places: BigUint64Array;
  /** Its share of the vectors [n, 2^indexBits]. */
  readonly vectors: BigUint64Array;
}

/** x [n, width] → (x - selected, selected) [n, 2 width] */
function doubled(x: BigUint64Array, selected: BigUint64Array, n: number, ringBits: number): BigUint64Array {
  kernels.ringSubtract(x, selected, ringBits, x);
  const shape = [n, x.length / n];
  return concatAxis(
    [
      { shape, data: x },
      { shape, data: selected },
    ],
    1,
  ).data;
}

/** Σ_j 2^j b_j modulo 2^bits.length of XOR-shared bits [levels, n]. */
async function placesOf(
  party: PartyContext,
  bits: readonly Uint8Array[],
  receiver: PartyId,
): Promise<BigUint64Array> {
  const [n, indexBits] = [bits[0]!.length, bits.length];
  const all = new Uint8Array(n * indexBits);
  for (const [j, level] of bits.entries()) all.set(level, j * n);
  const numbers = await toArithmetic(all, indexBits, (factors, ringBits) =>
    bitProducts(party).oneWay(factors, ringBits, receiver),
  );
  const places = new BigUint64Array(n);
  for (let j = 0; j < indexBits; j++)
    kernels.ringAddScaled(numbers.subarray(j * n, (j + 1) * n), 1n << BigInt(j), indexBits, places);
  return places;
}

/** `numbers` [n] shared modulo 2^ringBits, each at a place of its own. */
export async function unitVectors(
  party: PartyContext,
  numbers: BigUint64Array,
  { indexBits, ringBits }: { readonly indexBits: number; readonly ringBits: number },
  receiver: PartyId,
): Promise<UnitVectors> {
  const n = numbers.length;
  const bits = Array.from({ length: indexBits }, () => {
    const drawn = new Uint8Array(n);
    kernels.ringSignBit(uniformWords(party.session.random, n, 1), 1, drawn);
    return drawn;
  });
  const places = await placesOf(party, bits, receiver);
  let vectors: BigUint64Array = numbers.slice();
  for (const level of bits) {
    const selected = await multiplex(level, vectors, ringBits, bitProducts(party));
    vectors = doubled(vectors, selected, n, ringBits);
  }
  return { places, vectors };
}
