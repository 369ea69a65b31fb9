/** One model three ways, side by side: float, fixed point in the clear, and privately on a sample. */
import type { Evaluation, Prediction } from './evaluation.js';

export type Way = 'float' | 'cleartext' | 'two-party';

export interface WayResult extends Evaluation {
  readonly backend: Way;
  /** Against the first way that ran, over the examples that both saw. */
  readonly agreement: Agreement | null;
}

export interface Agreement {
  readonly with: Way;
  readonly examples: number;
  /** Share of examples with the same predicted label. */
  readonly labels: number;
  /** Largest difference of a logit. */
  readonly maxLogitError: number;
}

export function agreementOf(
  own: readonly Prediction[],
  reference: { readonly backend: Way; readonly predictions: readonly Prediction[] },
): Agreement {
  const byIndex = new Map(reference.predictions.map((prediction) => [prediction.index, prediction]));
  const pairs = own.flatMap((prediction) => {
    const other = byIndex.get(prediction.index);
    return other ? [{ prediction, other }] : [];
  });
  const same = pairs.filter(({ prediction, other }) => prediction.predicted === other.predicted).length;
  const errors = pairs.flatMap(({ prediction, other }) =>
    (prediction.logits ?? []).flatMap((logit, i) =>
      other.logits === null ? [] : [Math.abs(logit - other.logits[i]!)],
    ),
  );
  return {
    with: reference.backend,
    examples: pairs.length,
    labels: pairs.length === 0 ? 0 : same / pairs.length,
    maxLogitError: errors.reduce((most, error) => Math.max(most, error), 0),
  };
}

/** Runs the ways one after the other. `run` evaluates one and reports each prediction. */
export async function compareWays(
  ways: readonly Way[],
  run: (way: Way, onPrediction: (prediction: Prediction) => void) => Promise<Evaluation>,
): Promise<WayResult[]> {
  const results: WayResult[] = [];
  let reference: { backend: Way; predictions: Prediction[] } | null = null;
  for (const backend of ways) {
    const predictions: Prediction[] = [];
    const evaluation = await run(backend, (prediction) => predictions.push(prediction));
    const agreement = reference ? agreementOf(predictions, reference) : null;
    results.push({ backend, ...evaluation, agreement });
    reference ??= { backend, predictions };
  }
  return results;
}
