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
import { giveBack, takeWords } from '../../../core/words.js';
import type { PartyContext } from '../context/party-context.js';
import { exchange } from '../exchange/cot-exchange.js';
import { uniformWords } from '../linear/product-session.js';
import { bitProducts } from '../products/bit-product.js';
import { multiplex } from '../products/multiplex.js';
import { toArithmetic } from '../products/to-arithmetic.js';
import { type BitRows, RowReceiver, RowSender, xorWords } from './selected-rows.js';

export interface UnitVectors {
  /** This party's share of the places, modulo 2^indexBits [n]. */
  readonly places: BigUint64Array;
  /** Its share of the vectors [n, 2^indexBits]. */
  readonly vectors: BigUint64Array;
}

/** x [n, width] → (x - selected, selected) [n, 2 width]; both are given back. */
function doubled(x: BigUint64Array, selected: BigUint64Array, n: number, ringBits: number): BigUint64Array {
  kernels.ringSubtract(x, selected, ringBits, x);
  return sideBySide(x, selected, n);
}

/** x, y [n, width] → (x, y) [n, 2 width]; both are given back. */
function sideBySide(x: BigUint64Array, y: BigUint64Array, n: number): BigUint64Array {
  const shape = [n, x.length / n];
  const halves = [x, y].map((data) => ({ shape, data }));
  const { data } = concatAxis(halves, 1);
  giveBack(x, y);
  return data;
}

/** This party's half of the bits of random places [levels, n], one byte each. */
const drawnBits = ({ session }: PartyContext, n: number, levels: number): Uint8Array[] =>
  Array.from({ length: levels }, () => {
    const [drawn, words] = [new Uint8Array(n), uniformWords(session.random, n, 1)];
    kernels.ringSignBit(words, 1, drawn);
    giveBack(words);
    return drawn;
  });

/** Σ_j 2^j b_j modulo 2^ringBits of XOR-shared bits [levels, n]. */
async function placesOf(
  party: PartyContext,
  bits: readonly Uint8Array[],
  ringBits: number,
  receiver: PartyId,
): Promise<BigUint64Array> {
  const n = bits[0]!.length;
  const all = new Uint8Array(n * bits.length);
  for (const [j, level] of bits.entries()) all.set(level, j * n);
  const numbers = await toArithmetic(all, ringBits, (factors, productBits) =>
    bitProducts(party).oneWay(factors, productBits, { receiver, first: receiver }),
  );
  const places = new BigUint64Array(n);
  for (let j = 0; j < bits.length; j++)
    kernels.ringAddScaled(numbers.subarray(j * n, (j + 1) * n), 1n << BigInt(j), ringBits, places);
  giveBack(numbers);
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
  const bits = drawnBits(party, n, indexBits);
  const places = await placesOf(party, bits, indexBits, receiver);
  let vectors: BigUint64Array = numbers.slice();
  for (const level of bits) {
    const selected = await multiplex(level, vectors, ringBits, (factors, bits) =>
      bitProducts(party).both(factors, bits, { receiver, first: receiver }),
    );
    vectors = doubled(vectors, selected, n, ringBits);
  }
  return { places, vectors };
}

/** How vectors of 2^indexBits bits are packed into words. */
export const bitRows = (indexBits: number): BitRows => ({
  width: Math.max(1, 2 ** indexBits / 64),
  bits: Math.min(64, 2 ** indexBits),
});

/** b·x, XOR-shared, of b [n] and rows x [n, width], both XOR-shared. */
async function selectedRows(
  party: PartyContext,
  bits: Uint8Array,
  x: BigUint64Array,
  rows: BitRows,
): Promise<BigUint64Array> {
  const sender = new RowSender(bits.length, rows, x);
  const receiver = new RowReceiver(bits.length, rows, bits);
  await exchange(party, sender, receiver);
  const selected = takeWords(x.length);
  kernels.ringSelect(bits, x, selected);
  xorWords(selected, sender.share, selected);
  xorWords(selected, receiver.share, selected);
  giveBack(sender.share, receiver.share);
  return selected;
}

/**
 * Ones at places of their own, XOR-shared [n]: places modulo 2^ringBits, vectors packed as `bitRows` says. As above with bits in place of numbers.
 */
export async function unitBitVectors(
  party: PartyContext,
  n: number,
  { indexBits, ringBits }: { readonly indexBits: number; readonly ringBits: number },
  receiver: PartyId,
): Promise<UnitVectors> {
  const bits = drawnBits(party, n, indexBits);
  const places = await placesOf(party, bits, ringBits, receiver);
  let vectors: BigUint64Array = new BigUint64Array(n).fill(party.session.self === 'server' ? 1n : 0n);
  for (const [level, choices] of bits.entries()) {
    const rows = bitRows(level);
    const selected = await selectedRows(party, choices, vectors, rows);
    xorWords(vectors, selected, vectors);
    if (rows.bits < 64) {
      kernels.ringAddScaled(selected, 1n << BigInt(rows.bits), 2 * rows.bits, vectors);
      giveBack(selected);
      continue;
    }
    vectors = sideBySide(vectors, selected, n);
  }
  return { places, vectors };
}
