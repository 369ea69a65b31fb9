/** How far an exported model answers as the model that it was made of: without labels, on texts alone. */
import { mean } from '../../data/metrics/mean.js';
import { exactCurves } from '../../methods/curves.js';
import type { ModelConfig } from '../../model/config.js';
import { givenLabels, predictionOf, probabilitiesOf } from '../../model/outputs.js';
import { predict } from '../evaluate/predict.js';
import type { EncodedExample } from '../loop/batches.js';
import type { ModelState } from '../network/model-state.js';
import type { Agreement, Comparison } from './export-report.js';

type Logits = readonly (readonly number[])[];

function logitsOf(values: Float32Array, outputs: number): Logits {
  return Array.from({ length: values.length / outputs }, (_, row) => [
    ...values.subarray(row * outputs, (row + 1) * outputs),
  ]);
}

const isSame = ({ problem }: ModelConfig, a: readonly number[], b: readonly number[]): boolean =>
  problem === 'multi-label'
    ? givenLabels(a).join() === givenLabels(b).join()
    : predictionOf(problem, a) === predictionOf(problem, b);

/** Text by text; any number of texts. */
export function compareLogits(config: ModelConfig, reference: Logits, other: Logits): Comparison {
  const { problem } = config;
  const scores = (logits: readonly number[]): readonly number[] =>
    problem === 'regression' ? logits : probabilitiesOf(problem, logits);
  const differences = reference.map((logits, i) => {
    const own = scores(other[i]!);
    return Math.max(...scores(logits).map((score, k) => Math.abs(score - own[k]!)));
  });
  const same = reference.filter((logits, i) => isSame(config, logits, other[i]!)).length;
  return {
    sameAnswers: problem === 'regression' ? null : same,
    largestDifference: differences.reduce((most, difference) => Math.max(most, difference), 0),
    meanDifference: mean(differences),
  };
}

/** original: the model as it was; exported: the one that the artifact stands for (rounded weights, thresholds). */
export async function agreement(
  original: ModelState,
  exported: ModelState,
  examples: readonly EncodedExample[],
  heldOut: boolean,
): Promise<Agreement> {
  const { config } = original;
  const outputs = config.labels.length;
  const exact = await predict(original, examples, { prune: false, curves: exactCurves });
  const reference = logitsOf(exact.logits, outputs);
  const whole = logitsOf((await predict(exported, examples, { prune: false })).logits, outputs);
  const pruned = exported.spread === null ? null : await predict(exported, examples, { prune: true });
  return {
    texts: examples.length,
    heldOut,
    withoutPruning: compareLogits(config, reference, whole),
    pruned: pruned && compareLogits(config, reference, logitsOf(pruned.logits, outputs)),
    kept: pruned && mean(pruned.keptRatio.slice(0, -1)),
  };
}
