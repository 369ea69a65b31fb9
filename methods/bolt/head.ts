/** BOLT's tanh for the classifier, with exact rounding as every head (docs/threat-model.md); GELU and ReLU there as in `cipherprune`. */
import type { Backend } from '../../inference/backends/backend.js';
import { protocol } from '../../inference/core/span.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import type { ActivationPlan } from '../../inference/functions/activation-plan.js';
import { convert, convertExactly, wideningBits } from '../../inference/functions/fixed-point.js';
import { headOf } from '../cipherprune/head.js';
import { cipherPruneNumbers } from '../cipherprune/numbers.js';
import type { Method } from '../method.js';
import { magnitudeOf } from './magnitude.js';
import type { BoltTanh } from './numbers.js';

const FRACTION_BITS = 12;
const WIDE_BITS = 64;
/** p = (y + a) y + b reaches 19, p + y + c 37, their product with y far more: in wide rings nothing has to be narrowed. */
const PRODUCT_BITS = 52;
/** Of the last product. */
const LAST_BITS = 40;
/** d is small, and what it multiplies is large. */
const LAST_COEFFICIENT_BITS = 22;

/** y [n] in WIDE_BITS, 0 to clip → tanh(y) at FRACTION_BITS */
async function positiveTanh(
  mpc: Backend,
  y: SharedTensor,
  { a, b, c, d, e, f }: BoltTanh,
): Promise<SharedTensor> {
  const small = mpc.narrow(y, PRODUCT_BITS);
  const product = await mpc.round(await mpc.multiply(y, mpc.addPublic(y, a)), FRACTION_BITS);
  const p = mpc.addPublic(product, b);
  const first = await mpc.multiply(p, mpc.addPublic(mpc.add(p, small), c));
  const rounded = await mpc.round(first, FRACTION_BITS);
  const scaled = mpc.scale(rounded, d, LAST_COEFFICIENT_BITS);
  const narrow = mpc.addPublic(await mpc.round(scaled, LAST_COEFFICIENT_BITS), e);
  const factor = await mpc.widen(narrow, LAST_BITS);
  const last = await mpc.multiply(mpc.narrow(y, factor.ringBits), factor);
  return mpc.addPublic(await mpc.round(last, FRACTION_BITS), f);
}

const tanhOf = (numbers: BoltTanh) =>
  protocol('tanh', async function tanh(mpc: Backend, x: SharedTensor, plan: ActivationPlan) {
    const { inputRange, out } = plan;
    const format = {
      ringBits: wideningBits(inputRange + numbers.clip, FRACTION_BITS),
      fractionBits: FRACTION_BITS,
    };
    const narrow = await convertExactly(mpc, x, format, inputRange);
    const { magnitude, negative, inside } = await magnitudeOf(mpc, narrow, narrow, numbers.clip);
    const y = await mpc.multiplex(inside, magnitude);
    const wide = await convert(mpc, y, { ringBits: WIDE_BITS, fractionBits: FRACTION_BITS }, inputRange);
    const inner = mpc.narrow(await positiveTanh(mpc, wide, numbers), FRACTION_BITS + 3);
    // 1 beyond the clip, then the sign.
    const value = mpc.addPublic(await mpc.multiplex(inside, mpc.addPublic(inner, -1)), 1);
    const twice = mpc.reinterpret(mpc.shiftLeft(value, 1), value.fractionBits);
    const signed = mpc.subtract(value, await mpc.multiplex(negative, twice));
    return convert(mpc, signed, out, 2);
  });

export function boltHead(numbers: BoltTanh): Method['head'] {
  const others = headOf(cipherPruneNumbers);
  const tanh = tanhOf(numbers);
  return async (mpc, name, x, plan) =>
    name === 'tanh'
      ? mpc.reshape(await tanh(mpc, mpc.reshape(x, [x.shape[1]!]), plan), x.shape)
      : others(mpc, name, x, plan);
}
