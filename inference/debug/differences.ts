/** INSECURE, for debugging only (insecure-compare.ts): how far results that were put together are from what was expected. */
import { kernels } from '#kernels';
import type { ShuffleRows } from '../backends/backend.js';
import { bitsOf, dataOf } from '../backends/local-backend.js';
import { sameBytes } from '../core/bytes.js';
import type { RingTensor, SharedBits, SharedTensor } from '../core/tensors.js';

export interface Difference {
  readonly elements: number;
  /** Units in the last place; infinite where shapes, bits or rows differ. */
  readonly largest: number;
}

const DIFFERENT_SHAPE: Difference = { elements: 0, largest: Number.POSITIVE_INFINITY };

function wordsDifference(a: BigUint64Array, b: BigUint64Array, bits: number): Difference {
  if (a.length !== b.length) return DIFFERENT_SHAPE;
  const difference = new BigUint64Array(a.length);
  kernels.ringSubtract(a, b, bits, difference);
  return { elements: a.length, largest: a.length === 0 ? 0 : kernels.ringMaxAbsolute(difference, bits) };
}

function bytesDifference(a: Uint8Array, b: Uint8Array): Difference {
  return { elements: a.length, largest: sameBytes(a, b) ? 0 : Number.POSITIVE_INFINITY };
}

/** Of tensors, bits, or what was opened, in the clear. */
export function differenceOf(expected: unknown, got: unknown): Difference {
  if (expected instanceof Uint8Array) return bytesDifference(expected, got as Uint8Array);
  const { kind } = expected as { kind?: string };
  if (kind === 'boolean') return bytesDifference(bitsOf(expected as SharedBits), bitsOf(got as SharedBits));
  if (kind === 'arithmetic') {
    const tensor = expected as SharedTensor;
    return wordsDifference(dataOf(tensor), dataOf(got as SharedTensor), tensor.ringBits);
  }
  const opened = expected as RingTensor;
  return wordsDifference(opened.data, (got as RingTensor).data, opened.ringBits);
}

/** Every row as text, in an order of its own: equal for two orders of the same rows. */
function sortedRows({ tensors, bits }: ShuffleRows): string[] {
  const count = (tensors[0] ?? bits[0])?.shape[0] ?? 0;
  const rowOf = (words: BigUint64Array | Uint8Array, row: number): string => {
    const width = words.length / count;
    return words.subarray(row * width, (row + 1) * width).join();
  };
  const parts = [...tensors.map(dataOf), ...bits.map(bitsOf)];
  return Array.from({ length: count }, (_, row) => parts.map((words) => rowOf(words, row)).join(';')).sort();
}

/** A shuffle is right if the rows are the same in some order. */
export function shuffleDifference(before: ShuffleRows, after: ShuffleRows): Difference {
  const expected = sortedRows(before);
  const got = sortedRows(after);
  const same = expected.length === got.length && expected.every((row, i) => row === got[i]);
  return { elements: expected.length, largest: same ? 0 : Number.POSITIVE_INFINITY };
}
