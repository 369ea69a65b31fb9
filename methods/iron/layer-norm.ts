/** LayerNorm with SiRNN's 1/sqrt, and gamma as a second product of shared numbers, element by element, as IRON has it. */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { convert, repeatColumns, signedBits, wideningBits } from '../../inference/functions/fixed-point.js';
import type { LayerNormParameters, LayerNormPlan } from '../../inference/functions/layer-norm.js';
import { exponents, normalised } from './normalise.js';
import type { IronNumbers } from './numbers.js';
import { inverseRootOf } from './reciprocal.js';
import { truncated } from './truncate.js';

const MEAN_FRACTION_BITS = 20;

/** x [rows, features] → x - mean in x's format */
async function centred(mpc: Backend, x: SharedTensor): Promise<SharedTensor> {
  const features = x.shape[1]!;
  const sums = await mpc.widen(mpc.sum(x, 1), Math.min(64, x.ringBits + MEAN_FRACTION_BITS + 2));
  const means = await truncated(mpc, mpc.scale(sums, 1 / features, MEAN_FRACTION_BITS), x);
  return mpc.subtract(x, repeatColumns(mpc, means, features));
}

/** x [rows, features] → [rows, features] in `plan.out` */
export function layerNormOf(numbers: IronNumbers) {
  const { entryBits, fractionBits, digitBits } = numbers;
  const inverseRoot = inverseRootOf(numbers);

  /** c [rows, features] → 1/sqrt(mean of c² + epsilon) [rows] */
  async function inverseDeviation(mpc: Backend, c: SharedTensor, plan: LayerNormPlan): Promise<SharedTensor> {
    const { low, high } = plan.variance;
    const features = c.shape[1]!;
    const sumBits = signedBits(2 * high * features, 2 * fractionBits);
    const squares = await mpc.square(c.ringBits < sumBits ? await mpc.widen(c, sumBits) : c);
    const sum = mpc.narrow(mpc.sum(squares, 1), Math.min(sumBits, squares.ringBits));
    const bits = fractionBits + Math.max(0, Math.ceil(-Math.log2(low)));
    const wide = await mpc.widen(sum, Math.min(64, sum.ringBits + MEAN_FRACTION_BITS));
    const mean = mpc.scale(wide, 1 / features, MEAN_FRACTION_BITS);
    const variance = await truncated(mpc, mean, {
      ringBits: signedBits(2 * high, bits) + 1,
      fractionBits: bits,
    });
    const moved = mpc.addPublic(variance, plan.epsilon);
    const normalisation = { base: 4, range: plan.variance, fractionBits: entryBits - 2, digitBits };
    const { mantissa, scale } = await normalised(mpc, moved, normalisation);
    const root = await inverseRoot(mpc, mantissa);
    // 2^-k of a variance of m · 4^k.
    const { first, last } = exponents(4, plan.variance);
    const shiftBits = Math.max(0, last);
    const format = { ringBits: signedBits(2 ** -first, shiftBits) + 1, fractionBits: shiftBits };
    const shift = await scale(-0.5, format);
    const room = signedBits(2 * 2 ** -first, root.fractionBits + shiftBits) + 1;
    const wideRoot = await mpc.widen(root, Math.max(room, root.ringBits + 1));
    return mpc.multiply(wideRoot, shift, 'non-negative');
  }

  return protocol(
    'layerNorm',
    async (
      mpc: Backend,
      x: SharedTensor,
      { gamma, beta }: LayerNormParameters,
      plan: LayerNormPlan,
    ): Promise<SharedTensor> => {
      const [rows, features] = x.shape as [number, number];
      const range = Math.max(2 * plan.inputRange, Math.sqrt(features));
      const c = await convert(
        mpc,
        await centred(mpc, x),
        { ringBits: wideningBits(range, fractionBits), fractionBits },
        range,
      );
      const inverse = await inverseDeviation(mpc, c, plan);
      const productBits = wideningBits(Math.sqrt(features), fractionBits + inverse.fractionBits);
      const room = Math.max(numbers.ringBits, productBits, inverse.ringBits + 1);
      const each = await mpc.widen(repeatColumns(mpc, inverse, features), room);
      const product = await mpc.multiply(await mpc.widen(c, room), each);

      const normalBits = beta.fractionBits - gamma.fractionBits;
      const normal = await truncated(mpc, product, { ringBits: numbers.ringBits, fractionBits: normalBits });
      const factor = mpc.broadcastRows(await mpc.widen(await mpc.share(gamma), numbers.ringBits), rows);
      const scaled = mpc.narrow(await mpc.multiply(normal, factor), beta.ringBits);
      return convert(mpc, mpc.addPrivate(scaled, beta), plan.out, plan.outputRange);
    },
  );
}
