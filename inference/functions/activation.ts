/** The layers' activation functions by their names in the configuration; head-activation.ts has the head's. */
import type { Activation } from '../../model/config.js';
import type { Backend } from '../backends/backend.js';
import type { SharedTensor } from '../core/tensors.js';
import type { ActivationPlan } from './activation-plan.js';
import { gelu } from './gelu.js';
import { relu } from './relu.js';

/** x [rows, features], the first `high` rows in high degree where there is a choice → [rows, features] in `plan.out` */
export async function activate(
  mpc: Backend,
  name: Activation,
  x: SharedTensor,
  high: number,
  plan: ActivationPlan,
): Promise<SharedTensor> {
  switch (name) {
    case 'gelu':
    case 'gelu-tanh':
      return gelu(mpc, x, high, plan);
    case 'relu':
      return relu(mpc, x, plan);
  }
}
