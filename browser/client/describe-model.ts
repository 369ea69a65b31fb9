/** A model that was met, as the page is told of it. */
import { taskOfModel } from '../../data/sources/tasks.js';
import type { AnswerTerms } from '../../inference/core/answer.js';
import { openingsOf } from '../../inference/run/openings.js';
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { ConnectedModel } from './messages.js';

export interface MetModel {
  readonly digest: string;
  readonly commitment: string | null;
  readonly answer: AnswerTerms;
  readonly model: PublicModel;
}

export function describeModel({
  digest,
  commitment,
  answer,
  model,
}: MetModel): Omit<ConnectedModel, 'isNew' | 'receivedBytes'> {
  const { config, maxTokens } = model;
  const task = taskOfModel(model);
  return {
    digest,
    commitment,
    answer,
    task: task?.name ?? null,
    pair: task?.pair ?? null,
    labels: config.labels,
    layers: config.layers,
    maxTokens,
    opens: openingsOf(model),
  };
}
