/** Products of the same rows with several matrices as one: the rows are encrypted once, and the results share their ciphertexts. */
import type { Backend, Weight } from '../backends/backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import type { SharedTensor } from '../core/tensors.js';

/** One of the matrices. */
export interface SideProduct {
  /** Columns. */
  readonly outputs: number;
  /** Of the matrix: its own scale, which need not be that of the weight they are in together. */
  readonly fractionBits: number;
  /** The result at its own scale → what it is cut to, locally. */
  readonly cut: (product: RingFormat) => RingFormat;
}

/**
 * x [rows, inputs] · (A | B | …) → [rows, outputs] of each, at its own scale less what all of them drop (`Backend.linear`: `into`). The caller
 * cuts further.
 */
export async function productsSideBySide(
  mpc: Backend,
  x: SharedTensor,
  weight: Weight,
  sides: readonly SideProduct[],
): Promise<SharedTensor[]> {
  const product = { ringBits: x.ringBits, fractionBits: x.fractionBits + weight.fractionBits };
  const scales = sides.map(({ fractionBits }) => x.fractionBits + fractionBits);
  const cuts = sides.map(({ cut }, side) => {
    const fractionBits = scales[side]!;
    const small = cut({ ringBits: x.ringBits, fractionBits });
    const dropped = Math.max(0, fractionBits - small.fractionBits);
    return { dropped, ringBits: small.ringBits + dropped };
  });
  const dropped = Math.min(...cuts.map((cut) => cut.dropped));
  const all = await mpc.linear(x, weight, {
    ringBits: Math.max(...cuts.map((cut) => cut.ringBits)) - dropped,
    fractionBits: product.fractionBits - dropped,
  });
  const lost = product.fractionBits - all.fractionBits;
  let from = 0;
  return sides.map(({ outputs }, side) => {
    const columns = mpc.slice(all, 1, from, from + outputs);
    from += outputs;
    return mpc.reinterpret(columns, scales[side]! - lost);
  });
}
