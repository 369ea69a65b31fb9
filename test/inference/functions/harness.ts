/** Runs a function on the cleartext backend and gives real numbers; fails on any value that did not fit its ring. */
import type { Backend } from '../../../inference/backends/backend.js';
import { CleartextBackend, type Overflow } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { decode, privateTensor, type RingFormat } from '../../../inference/core/ring-tensor.js';
import type { Shape } from '../../../inference/core/shape.js';
import type { SharedTensor } from '../../../inference/core/tensors.js';

export async function runCleartext(
  shape: Shape,
  format: RingFormat,
  values: readonly number[],
  body: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>,
): Promise<number[]> {
  const overflows: Overflow[] = [];
  const mpc = new CleartextBackend({ onOverflow: (overflow) => overflows.push(overflow) });
  const x = await mpc.share(privateTensor('client', shape, format, Float64Array.from(values)));
  const opened = await mpc.reveal(await body(mpc, x), 'client', 'logits');
  if (overflows.length > 0) throw new Error(`overflow: ${JSON.stringify(overflows)}`);
  return Array.from(decode(opened));
}

/** Repeatable numbers in [-1, 1). */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export const largestDifference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
