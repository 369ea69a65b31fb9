/** The shuffle behind the seam: tensors and bits become blocks of rows, and back. */
import { kernels } from '#kernels';
import { TensorMismatchError } from '../../../core/errors.js';
import { type Shape, sizeOf } from '../../../core/shape.js';
import type { PartyId, SharedBits, SharedTensor } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { ShuffleMaterial, ShuffleRows } from '../../backend.js';
import { bitsOf, dataOf, localBits, localTensor } from '../../local-backend.js';
import { shuffle } from '../../operations.js';
import type { PartyContext } from '../context/party-context.js';
import { exchangeMatrices, type RowBlock, type ShuffleMatrices, shuffleRows } from './shuffle.js';

const columnsOf = (shape: Shape): number => sizeOf(shape.slice(1));

const tensorBlock = (x: SharedTensor): RowBlock => ({
  columns: columnsOf(x.shape),
  ringBits: x.ringBits,
  words: dataOf(x),
});

/** XOR shares of a bit are additive shares modulo 2. */
function bitBlock(bits: SharedBits): RowBlock {
  const words = takeWords(sizeOf(bits.shape));
  kernels.ringFromBits(bitsOf(bits), words);
  return { columns: columnsOf(bits.shape), ringBits: 1, words };
}

function bitsFrom({ words }: RowBlock, shape: Shape): SharedBits {
  const bytes = takeBytes(words.length);
  kernels.ringSignBit(words, 1, bytes);
  return localBits(bytes, shape);
}

/** What `prepareShuffle` of this backend makes. */
interface TwoPartyMaterial extends ShuffleMaterial {
  readonly matrices: ShuffleMatrices | null;
}

/** Nothing where there is no order. */
export async function prepareShuffle(
  party: PartyContext,
  rows: number,
  first: PartyId,
): Promise<TwoPartyMaterial> {
  return { kind: 'shuffle', rows, matrices: rows < 2 ? null : await exchangeMatrices(party, rows, first) };
}

/** Tensors [n, ...] and bits [n, ...] with their rows in one new order that no party knows. */
export async function shuffleTensors(
  party: PartyContext,
  rows: ShuffleRows,
  material: ShuffleMaterial,
  first: PartyId,
): Promise<ShuffleRows> {
  const { tensors, bits } = rows;
  const count = shuffle(rows);
  const { matrices } = material as TwoPartyMaterial;
  if (matrices === null) return rows;
  if (matrices.permutation.length !== count)
    throw new TensorMismatchError(
      `shuffle: expected material for ${count} rows, got ${matrices.permutation.length}`,
    );
  const bitBlocks = bits.map(bitBlock);
  const shuffled = await shuffleRows(party, matrices, [...tensors.map(tensorBlock), ...bitBlocks], first);
  giveBack(...bitBlocks.map(({ words }) => words));
  return {
    tensors: tensors.map((x, at) => localTensor(shuffled[at]!.words, x.shape, x)),
    bits: bits.map((x, at) => bitsFrom(shuffled[tensors.length + at]!, x.shape)),
  };
}
