/** The shuffle behind the seam: tensors and bits become blocks of rows, and back. */
import { kernels } from '#kernels';
import { type Shape, sizeOf } from '../../../core/shape.js';
import type { SharedBits, SharedTensor } from '../../../core/tensors.js';
import type { ShuffleRows } from '../../backend.js';
import { bitsOf, dataOf, localBits, localTensor } from '../../local-backend.js';
import { shuffle } from '../../operations.js';
import type { PartyContext } from '../context/party-context.js';
import { type RowBlock, shuffleRows } from './shuffle.js';

const columnsOf = (shape: Shape): number => sizeOf(shape.slice(1));

const tensorBlock = (x: SharedTensor): RowBlock => ({
  columns: columnsOf(x.shape),
  ringBits: x.ringBits,
  words: dataOf(x),
});

/** XOR shares of a bit are additive shares modulo 2. */
function bitBlock(bits: SharedBits): RowBlock {
  const words = new BigUint64Array(sizeOf(bits.shape));
  kernels.ringFromBits(bitsOf(bits), words);
  return { columns: columnsOf(bits.shape), ringBits: 1, words };
}

function bitsFrom({ words }: RowBlock, shape: Shape): SharedBits {
  const bytes = new Uint8Array(words.length);
  kernels.ringSignBit(words, 1, bytes);
  return localBits(bytes, shape);
}

/** Tensors [n, ...] and bits [n, ...] with their rows in one new order that no party knows. */
export async function shuffleTensors(party: PartyContext, rows: ShuffleRows): Promise<ShuffleRows> {
  const { tensors, bits } = rows;
  const blocks = [...tensors.map(tensorBlock), ...bits.map(bitBlock)];
  const shuffled = await shuffleRows(party, shuffle(rows), blocks);
  return {
    tensors: tensors.map((x, at) => localTensor(shuffled[at]!.words, x.shape, x)),
    bits: bits.map((x, at) => bitsFrom(shuffled[tensors.length + at]!, x.shape)),
  };
}
