/** What one text would use of what can be made ahead, from public shapes alone: to fill pools before the first text. */
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { Demand } from '../material/demand.js';
import type { AnswerTerms } from '../core/answer.js';
import { classify } from '../engine/classify.js';
import { prepareModel } from '../engine/prepare.js';
import { CountingBackend } from './counting-backend.js';
import { opensOf, type ScheduledCounts } from './schedule.js';

export interface TextShape {
  /** What the client is told; the default unless given. */
  readonly answer?: AnswerTerms;
  /** Padded length. */
  readonly bucket: number;
  /** Per layer, as expected; ignored by a model that does not prune. Padding always leaves in layer 0. */
  readonly schedule: readonly ScheduledCounts[];
}

/**
 * Equal to what `TwoPartyBackend.demand` counts after such a text. The entries of the long tables that it reads are made with it, which a text would else
 * wait for: both parties ask here before they make material.
 */
export async function demandOf(model: PublicModel, { bucket, schedule, answer }: TextShape): Promise<Demand> {
  const mpc = new CountingBackend(opensOf(schedule));
  const prepared = await prepareModel(mpc, model, null);
  await classify(mpc, prepared, null, bucket, answer);
  for (const { entries } of mpc.tables) entries();
  return mpc.demand;
}
