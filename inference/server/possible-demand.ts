/**
 * Which material a model's texts can use at all: a client may ask for no other. From the counting backend on the longest and
 * the shortest text with every token kept; a batch of texts multiplies the batch of their matrix products.
 */
import type { PublicModel } from '../../model/artifact/artifact.js';
import { type Correlation, roundedUp } from '../material/correlation.js';
import { formatCorrelation } from '../material/correlation-text.js';
import type { Demand } from '../material/demand.js';
import { ANSWER_KINDS, type AnswerTerms, MOST_ANSWER_BITS } from '../core/answer.js';
import { demandOf } from '../cost/demand-of.js';
import { bucketOf, MAX_BATCH_TEXTS } from '../run/request.js';

/** Largest of each extent, by kind, in the order in which the correlation is written; names of parties do not count. */
type Extents = ReadonlyMap<string, readonly number[]>;

const extentsOf = (correlation: Correlation): number[] =>
  formatCorrelation(correlation).split(' ').map(Number).filter(Number.isFinite);

function largestOf(demands: readonly Demand[], mostTokens: number): Extents {
  const largest = new Map<string, number[]>();
  for (const [correlation] of demands.flatMap(({ entries }) => [...entries])) {
    const known = largest.get(correlation.kind) ?? [];
    const extents = extentsOf(roundedUp(correlation, mostTokens));
    largest.set(
      correlation.kind,
      extents.map((extent, i) => Math.max(extent, known[i] ?? 0)),
    );
  }
  return largest;
}

async function extentsOfModel(model: PublicModel): Promise<Extents> {
  const buckets = [bucketOf(1), bucketOf(model.maxTokens)];
  const answers = ANSWER_KINDS.map((kind): AnswerTerms => ({ kind, bits: MOST_ANSWER_BITS }));
  const demands = await Promise.all(
    buckets.flatMap((bucket) =>
      answers.map((answer) => {
        const all = { kept: bucket, important: bucket };
        return demandOf(model, {
          bucket,
          answer,
          schedule: Array.from({ length: model.config.layers }, () => all),
        });
      }),
    ),
  );
  return largestOf(demands, Math.max(...buckets));
}

const known = new WeakMap<PublicModel, Promise<Extents>>();

/** The first correlation of a demand that no text of the model uses, as it is written; null if there is none. */
export async function impossibleItem(model: PublicModel, demand: Demand): Promise<string | null> {
  const largest = known.get(model) ?? extentsOfModel(model);
  known.set(model, largest);
  const bounds = await largest;
  for (const [correlation] of demand.entries) {
    if (correlation.kind === 'cots') continue;
    const most = bounds.get(correlation.kind) ?? [];
    const times = (i: number) => (correlation.kind === 'matmul' && i === 0 ? MAX_BATCH_TEXTS : 1);
    const fits = extentsOf(correlation).every((extent, i) => extent <= (most[i] ?? -1) * times(i));
    if (!fits) return formatCorrelation(correlation);
  }
  return null;
}
