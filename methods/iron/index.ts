/**
 * IRON (Hao et al., NeurIPS 2022): the functions of SiRNN (Rathee et al., IEEE S&P 2021) in a ring of 37 bits with 12 of them fraction,
 * and no token leaves. exp by tables of 8-bit digits, a division for every probability, GELU by its tanh form, LayerNorm by 1/sqrt and a
 * second product with gamma; nothing is known of signs, and truncation is exact. It approximates nothing that training
 * has to know. Linear layers are those of every method here.
 */
import { protocol } from '../../inference/core/span.js';
import { headOf } from '../cipherprune/head.js';
import { cipherPruneNumbers } from '../cipherprune/numbers.js';
import { prune } from '../cipherprune/prune.js';
import { exactCurves } from '../curves.js';
import type { Method } from '../method.js';
import { geluOf } from './gelu.js';
import { layerNormOf } from './layer-norm.js';
import { type IronNumbers, ironNumbers } from './numbers.js';
import { softmaxOf } from './softmax.js';
import { tanhOf } from './tanh.js';
import { truncated } from './truncate.js';

/** exp is 0 in 12 fraction bits. */
const ZERO_BELOW = -10;

function ironWith(name: string, numbers: IronNumbers): Method {
  const [gelu, softmax] = [geluOf(numbers), softmaxOf(numbers)];
  // GELU's own is a part of GELU.
  const tanh = protocol('tanh', tanhOf(numbers));
  const { ringBits, fractionBits } = numbers;
  const others = headOf(cipherPruneNumbers);
  const tanhForm = exactCurves.activation['gelu-tanh'];
  return {
    name,
    source: 'Iron: Private Inference on Transformers, NeurIPS 2022',
    numbers,
    curves: {
      ...exactCurves,
      activation: { ...exactCurves.activation, gelu: tanhForm },
      head: { ...exactCurves.head, gelu: tanhForm.high },
    },
    learns: 'nothing',
    unpruned: name,
    opens: [],
    logits: { zeroBelow: ZERO_BELOW, visible: false, leastSpread: 2 },
    softmax: (mpc, x, _high, plan) => softmax(mpc, x, plan),
    gelu: (mpc, x, _high, plan) => gelu(mpc, x, plan),
    head: async (mpc, activation, x, plan) => {
      if (activation === 'gelu') return gelu(mpc, x, plan);
      if (activation === 'relu') return others(mpc, activation, x, plan);
      const flat = await truncated(mpc, mpc.reshape(x, [x.shape[1]!]), { ringBits, fractionBits });
      return mpc.reshape(await truncated(mpc, await tanh(mpc, flat), plan.out), x.shape);
    },
    layerNorm: layerNormOf(numbers),
    eliminatesIn: () => false,
    eliminate: prune,
  };
}

export const iron = ironWith('iron', ironNumbers);
