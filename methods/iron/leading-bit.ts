/**
 * The place of a number's leading bit, as SiRNN finds it (Rathee et al., IEEE S&P 2021, section 3.2.3): a table for every digit says where
 * the digit's leading bit is, another whether there is one; the highest digit that has one is selected.
 */
import type { Backend } from '../../inference/backends/backend.js';
import { encode, type RingFormat } from '../../inference/core/ring-tensor.js';
import { protocol } from '../../inference/core/span.js';
import type { RingTensor, SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import { sideBySide } from '../../inference/functions/side-by-side.js';
import { type Digit, digitAt, digitsOf } from './digits.js';

/** A ring of one bit: whose sign is itself. */
const FLAG: RingFormat = { ringBits: 1, fractionBits: 0 };

// Batches go by the table: the same object every time.
const tables = new Map<string, RingTensor>();

/** A table of 2^bits entries, made once for a key. */
export function tableFor(
  key: string,
  bits: number,
  format: RingFormat,
  entry: (index: number) => number,
): RingTensor {
  const known = `${key} ${bits} ${format.ringBits} ${format.fractionBits}`;
  let table = tables.get(known);
  if (!table) {
    table = encode(
      Float64Array.from({ length: 2 ** bits }, (_, index) => entry(index)),
      [2 ** bits],
      format,
    );
    tables.set(known, table);
  }
  return table;
}

const leadingBit = (digit: number): number => Math.max(0, 31 - Math.clz32(digit));

interface Place {
  /** Of the leading bit in the whole number [n]; what it is for a digit of 0 does not matter. */
  readonly place: SharedTensor;
  /** Is the digit another than 0? [n] */
  readonly present: SharedBits;
}

/** Two tables of one digit that begins at bit `begin`. */
async function placeIn(
  mpc: Backend,
  { index, offset }: Digit,
  begin: number,
  placeBits: number,
): Promise<Place> {
  const bits = index.ringBits;
  const digit = (at: number): number => digitAt(at, bits, offset);
  // A place is unsigned; tables are of signed numbers.
  const signed = (place: number): number => (place < 2 ** (placeBits - 1) ? place : place - 2 ** placeBits);
  const format = { ringBits: placeBits, fractionBits: 0 };
  const places = tableFor(`place ${begin} ${offset}`, bits, format, (at) =>
    signed(begin + leadingBit(digit(at))),
  );
  const flags = tableFor(`present ${offset}`, bits, FLAG, (at) => (digit(at) === 0 ? 0 : -1));
  const [place, present] = await sideBySide<SharedTensor, [SharedBits]>(
    mpc,
    (lane) => lane.lookUp(index, places),
    async (lane) => lane.isNegative(await lane.lookUp(index, flags)),
  );
  return { place, present };
}

/** Which digit, lowest first, is the highest that is not 0, if any. */
async function highest(mpc: Backend, present: readonly SharedBits[]): Promise<SharedBits[]> {
  const chosen = [...present];
  let above = mpc.not(present.at(-1)!);
  for (let i = present.length - 2; i >= 0; i--) {
    chosen[i] = await mpc.and(present[i]!, above);
    // Without this digit and those above it: "none above" less "this one".
    above = mpc.xor(above, chosen[i]!);
  }
  return chosen;
}

/** Bits of a place in a ring of so many. */
export const placeBitsOf = (ringBits: number): number => Math.ceil(Math.log2(ringBits));

/** x [n], above 0 and below half of its ring → k [n] in a ring of `placeBitsOf` bits with 2^k <= x < 2^(k + 1), both of x as an integer */
export const leadingPlace = protocol(
  'leadingBit',
  async (mpc: Backend, x: SharedTensor, digitBits: number): Promise<SharedTensor> => {
    const digits = await digitsOf(mpc, x, digitBits);
    const placeBits = placeBitsOf(x.ringBits);
    const [first, ...rest] = digits.map(
      (digit, i) => (lane: Backend) => placeIn(lane, digit, digitBits * i, placeBits),
    );
    const places = await sideBySide<Place, Place[]>(mpc, first!, ...rest);
    const chosen = await highest(
      mpc,
      places.map(({ present }) => present),
    );
    const n = x.shape[0]!;
    const selected = await mpc.multiplex(
      mpc.concatBits(chosen, 0),
      mpc.concat(
        places.map(({ place }) => place),
        0,
      ),
    );
    return mpc.sum(mpc.reshape(selected, [digits.length, n]), 0);
  },
);
