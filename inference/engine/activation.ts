/** The layers' activation functions by their names in the configuration; the method has the head's. */

import type { Method } from '../../methods/method.js';
import type { Activation } from '../../model/config.js';
import type { Backend } from '../backends/backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import type { SharedTensor } from '../core/tensors.js';
import type { ActivationPlan } from '../functions/activation-plan.js';
import { relu } from '../functions/relu.js';
import { scoped } from '../functions/scoped.js';

/** What an activation cuts its argument to, where the method says it. */
export const activationInput = (
  method: Method,
  name: Activation,
  plan: ActivationPlan,
): RingFormat | undefined => (name === 'relu' ? undefined : method.geluInput?.(plan));

/** x [rows, features], the first `high` rows in high degree where there is a choice → [rows, features] in `plan.out` */
export async function activate(
  mpc: Backend,
  method: Method,
  name: Activation,
  x: SharedTensor,
  high: number,
  plan: ActivationPlan,
): Promise<SharedTensor> {
  switch (name) {
    case 'gelu':
    case 'gelu-tanh':
      return scoped(mpc, () => method.gelu(mpc, x, high, plan));
    case 'relu':
      return scoped(mpc, () => relu(mpc, x, plan));
  }
}
