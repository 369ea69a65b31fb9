/** The engine over any backend, as connections and classifiers use it. */
import type { Backend } from '../backends/backend.js';
import { classify } from '../engine/classify.js';
import { prepareModel } from '../engine/prepare.js';
import type { Party, PartyModel } from './party.js';

/** Prepares the weights; then texts can be classified one after another. */
export async function openEngine(mpc: Backend, model: PartyModel): Promise<Party> {
  const prepared = await prepareModel(mpc, model.public, model.private);
  return { classify: (text, bucket) => classify(mpc, prepared, text, bucket) };
}
