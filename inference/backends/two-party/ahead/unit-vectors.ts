/**
 * Shared numbers at places that neither party knows: a vector of zeros but for one entry, made by doubling. Each party draws a bit
 * of the place a level; with the XOR b of both, a row w becomes (w - b·w, b·w). Once it is there, a table at a shared place x takes one opening: of
 * x less the vector's place, which is uniform; turning the table by that and summing is local.
 *
 * Cost for 2^m entries of k bits: 2m COTs, 2k (2^m - 1) + 2m bits for the vectors; m COTs and about m²/2 bits for the places. For entries of one bit:
 * 2m - 1 COTs, 2 (2^m - 2) bits, and m²/2 for places modulo 2^m.
 */
import { kernels } from '#kernels';
import { concatAxis } from '../../../core/layout.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { SenderCots } from '../../../crypto/ot/cot.js';
import type { PartyContext } from '../context/party-context.js';
import { exchange, oneWay } from '../exchange/cot-exchange.js';
import { uniformWords } from '../linear/product-session.js';
import { bitProducts } from '../products/bit-product.js';
import { bitPlan, ProductReceiver, ProductSender } from '../products/cot-product.js';
import { multiplex } from '../products/multiplex.js';
import { toArithmetic } from '../products/to-arithmetic.js';
import { type BitRows, type RowPlan, RowReceiver, RowSender, xorWords } from './selected-rows.js';

export interface UnitVectors {
  /** This party's share of the places, modulo 2^indexBits [n]. */
  readonly places: BigUint64Array;
  /** Its share of the vectors [n, 2^indexBits]. */
  readonly vectors: BigUint64Array;
}

/** x [n, width] → (x - selected, selected) [n, 2 width]; both are given back. */
export function doubled(
  x: BigUint64Array,
  selected: BigUint64Array,
  n: number,
  ringBits: number,
): BigUint64Array {
  kernels.ringSubtract(x, selected, ringBits, x);
  return sideBySide(x, selected, n);
}

/** x, y [n, width] → (x, y) [n, 2 width]; both are given back. */
export function sideBySide(x: BigUint64Array, y: BigUint64Array, n: number): BigUint64Array {
  const shape = [n, x.length / n];
  const halves = [x, y].map((data) => ({ shape, data }));
  const { data } = concatAxis(halves, 1);
  giveBack(x, y);
  return data;
}

/** This party's half of the bits of random places [levels, n], one byte each. */
export const drawnBits = ({ session }: PartyContext, n: number, levels: number): Uint8Array[] =>
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
  const numbers = await toArithmetic(all, ringBits, (own, productBits) =>
    bitProducts(party).carries(own, productBits, { receiver, first: receiver }),
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

/**
 * Σ_j 2^j b_j modulo 2^ringBits of XOR-shared bits, as these are drawn: b = b_0 + b_1 - 2·b_0·b_1, and the product comes with what else the bit's COT
 * selects, for `receiver`.
 */
class Places {
  /** This party's share [n]. */
  readonly sum: BigUint64Array;

  constructor(
    private readonly n: number,
    private readonly ringBits: number,
  ) {
    this.sum = takeWords(n).fill(0n);
  }

  /** Of the product of both parties' bit of a level. */
  bitsAt(level: number): number {
    return Math.max(0, this.ringBits - 1 - level);
  }

  /** own [n]: this party's bits; product [n]: its share of both parties' product, if that has bits */
  add(level: number, own: BigUint64Array, product: BigUint64Array): void {
    kernels.ringAddScaled(own, 1n << BigInt(level), this.ringBits, this.sum);
    if (product.length === this.n)
      kernels.ringAddScaled(product, -(2n << BigInt(level)), this.ringBits, this.sum);
  }
}

/** A level's bits, which COTs choose: bytes for selecting, words for multiplying. */
interface Level {
  readonly bytes: Uint8Array;
  readonly words: BigUint64Array;
}

/** The first level: (1 - b, b) of a random bit b [n], which takes no COT but that of its place. */
async function firstLevel(
  party: PartyContext,
  n: number,
  places: Places,
  receiver: PartyId,
): Promise<BigUint64Array> {
  const bits = takeWords(n);
  const ringBits = places.bitsAt(0);
  let product: BigUint64Array = new BigUint64Array(0);
  if (ringBits === 0 || receiver !== party.session.self) {
    const drawn = uniformWords(party.session.random, n, 1);
    bits.set(drawn);
    giveBack(drawn);
  }
  if (ringBits > 0) {
    const plan = { ...bitPlan(n, ringBits), choosesAtRandom: true };
    ({ share: product } = await oneWay(party, receiver, {
      sender: () => new ProductSender(plan, bits),
      receiver: () => new ProductReceiver(plan, bits),
    }));
  }
  places.add(0, bits, product);
  giveBack(product);
  // (1 - b, b) is b more than 1, and (b, b) three times b.
  if (party.session.self === 'server') kernels.ringAdd(bits, BigUint64Array.of(1n), 2, bits);
  else kernels.ringScale(bits, 3n, 2, bits);
  return bits;
}

/** → b·x of random bits b [n] and rows x [n, width], XOR-shared; the bits' level of the places is added */
async function selectedRows(
  party: PartyContext,
  x: BigUint64Array,
  level: number,
  places: Places,
  receiver: PartyId,
): Promise<BigUint64Array> {
  const rows = bitRows(level);
  const n = x.length / rows.width;
  const numberBits = places.bitsAt(level);
  const isReceiver = receiver === party.session.self;
  const bits = { bytes: takeBytes(n), words: takeWords(n) };
  const sender = new LevelSender(n, { ...rows, numberBits: isReceiver ? 0 : numberBits }, x, bits);
  const receiving = new RowReceiver(n, { ...rows, numberBits: isReceiver ? numberBits : 0 }, bits.bytes);
  await exchange(party, sender, receiving);
  const selected = takeWords(x.length);
  kernels.ringSelect(bits.bytes, x, selected);
  xorWords(selected, sender.share, selected);
  xorWords(selected, receiving.share, selected);
  kernels.ringFromBits(bits.bytes, bits.words);
  places.add(level, bits.words, isReceiver ? receiving.numbers : sender.numbers);
  giveBack(sender.share, sender.numbers, receiving.share, receiving.numbers, bits.bytes, bits.words);
  return selected;
}

/** Its numbers are its own bits, as the COTs of the other direction chose them. */
class LevelSender extends RowSender {
  constructor(
    items: number,
    plan: RowPlan,
    x: BigUint64Array,
    private readonly bits: Level,
  ) {
    super(items, plan, x, bits.words);
  }

  override answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array {
    kernels.ringFromBits(this.bits.bytes.subarray(begin, end), this.bits.words.subarray(begin, end));
    return super.answer(cots, corrections, begin, end);
  }
}

/**
 * Ones at places of their own, XOR-shared [n], at most a window of COTs: places modulo 2^ringBits, vectors packed as `bitRows` says. As above with
 * bits in place of numbers, which COTs choose.
 */
export async function unitBitVectors(
  party: PartyContext,
  n: number,
  { indexBits, ringBits }: { readonly indexBits: number; readonly ringBits: number },
  receiver: PartyId,
): Promise<UnitVectors> {
  const places = new Places(n, ringBits);
  let vectors = await firstLevel(party, n, places, receiver);
  for (let level = 1; level < indexBits; level++) {
    const rows = bitRows(level);
    const selected = await selectedRows(party, vectors, level, places, receiver);
    xorWords(vectors, selected, vectors);
    if (rows.bits < 64) {
      kernels.ringAddScaled(selected, 1n << BigInt(rows.bits), 2 * rows.bits, vectors);
      giveBack(selected);
      continue;
    }
    vectors = sideBySide(vectors, selected, n);
  }
  return { places: places.sum, vectors };
}
