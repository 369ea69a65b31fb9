/** |x| and whether x lies within a clip: what BOLT's even and odd functions begin with. */
import type { Backend } from '../../inference/backends/backend.js';
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';

export interface Magnitude {
  /** [n] in x's format. */
  readonly magnitude: SharedTensor;
  readonly negative: SharedBits;
  /** |x| < clip */
  readonly inside: SharedBits;
}

/** x [n]; `coarse` is x as it is compared: x, or fewer bits of it. */
export async function magnitudeOf(
  mpc: Backend,
  x: SharedTensor,
  coarse: SharedTensor,
  clip: number,
): Promise<Magnitude> {
  const rows = x.shape[0]!;
  const below = await mpc.areNegative(
    coarse,
    [0, clip, -clip].map((value) => [{ rows, value }]),
  );
  const [negative, belowLower, belowUpper] = [0, 1, 2].map((i) =>
    mpc.reshapeBits(mpc.sliceBits(below, 0, i, i + 1), [rows]),
  ) as [SharedBits, SharedBits, SharedBits];
  const twice = mpc.reinterpret(mpc.shiftLeft(x, 1), x.fractionBits);
  const magnitude = mpc.subtract(x, await mpc.multiplex(negative, twice));
  return { magnitude, negative, inside: mpc.xor(belowLower, belowUpper) };
}
