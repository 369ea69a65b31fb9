/**
 * A fine-tuned model as its own teacher: with exact functions and all tokens it answers the texts, and the copy that is trained
 * learns to give the same answers with the functions and masks of private inference. No labels are needed, and accuracy is
 * agreement with the model as it was.
 */
import { exactCurves } from '../../methods/curves.js';
import type { Checkpoint } from '../../model/checkpoint/checkpoint.js';
import { TrainingError } from '../errors.js';
import { predictions } from '../evaluate/evaluate.js';
import { predict } from '../evaluate/predict.js';
import type { Watch } from '../evaluate/run-batches.js';
import type { EncodedExample } from '../loop/batches.js';
import type { ModelState } from '../network/model-state.js';
import { Teacher } from './teacher.js';

/** Throws TrainingError unless a checkpoint is a whole classifier of a kind that can be followed. */
export function checkFineTuned(checkpoint: Checkpoint | null): void {
  if (checkpoint === null)
    throw new TrainingError(
      'distillation.fromStart: expected model.checkpoint, a fine-tuned model, got none',
    );
  if (checkpoint.missing.length > 0)
    throw new TrainingError(
      `distillation.fromStart: expected a fine-tuned classifier, got a checkpoint without ${checkpoint.missing.join(', ')}`,
    );
  if (checkpoint.config.problem === 'multi-label')
    throw new TrainingError(
      'distillation.fromStart: expected a model of one class or one number, got one of several labels',
    );
}

export interface Answered {
  readonly teacher: Teacher;
  readonly train: EncodedExample[];
  readonly unlabelled: EncodedExample[];
  readonly dev: EncodedExample[];
}

type Parts = Omit<Answered, 'teacher'>;

/** Answers the examples with a model as it is before training: its classes or numbers become the labels. */
export async function answeredBy(state: ModelState, parts: Parts, watch: Watch): Promise<Answered> {
  const labels = state.config.labels.length;
  const all = Object.values(parts).reduce((sum, examples) => sum + examples.length, 0);
  const afterBatch = watch('answers of the fine-tuned model', all);
  let before = 0;
  const answer = async (examples: readonly EncodedExample[]) => {
    const options = { prune: false, curves: exactCurves };
    const { logits } = await predict(state, examples, options, (done) => afterBatch(before + done));
    before += examples.length;
    const answers = predictions(logits, state.config);
    return { logits, examples: examples.map((example, i) => ({ ...example, label: answers[i]! })) };
  };
  const train = await answer(parts.train);
  const unlabelled = await answer(parts.unlabelled);
  const dev = await answer(parts.dev);
  const logits = new Float32Array(train.logits.length + unlabelled.logits.length);
  logits.set(train.logits);
  logits.set(unlabelled.logits, train.logits.length);
  return {
    teacher: Teacher.ofLogits([...train.examples, ...unlabelled.examples], logits, labels),
    train: train.examples,
    unlabelled: unlabelled.examples,
    dev: dev.examples,
  };
}
