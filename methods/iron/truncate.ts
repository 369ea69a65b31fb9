/**
 * What IRON pays for fixed point: truncation is exact, and returns to the whole ring, both by comparisons, since nothing is known
 * of a number's sign.
 */
import type { Backend } from '../../inference/backends/backend.js';
import type { RingFormat } from '../../inference/core/ring-tensor.js';
import type { SharedTensor } from '../../inference/core/tensors.js';

/** x → the nearest number with so many fraction bits, in a ring of `ringBits`; the value must fit the ring that truncation leaves. */
export async function truncated(
  mpc: Backend,
  x: SharedTensor,
  { ringBits, fractionBits }: RingFormat,
): Promise<SharedTensor> {
  const dropped = x.fractionBits - fractionBits;
  const small = dropped > 0 ? await mpc.round(x, dropped) : mpc.shiftLeft(x, -dropped);
  if (small.ringBits === ringBits) return small;
  return small.ringBits > ringBits ? mpc.narrow(small, ringBits) : mpc.widen(small, ringBits);
}
