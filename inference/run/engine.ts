/** The engine over any backend, as connections and classifiers use it. */
import type { Backend } from '../backends/backend.js';
import { runBatch } from '../backends/batching/run-batch.js';
import { scopedBackend } from '../backends/scoped-backend.js';
import type { AnswerTerms } from '../core/answer.js';
import { classify } from '../engine/classify.js';
import { prepareModel } from '../engine/prepare.js';
import type { Party, PartyModel } from './party.js';

/** Prepares the weights; then texts can be classified, one after another or several at a time. */
export async function openEngine(backend: Backend, model: PartyModel, answer: AnswerTerms): Promise<Party> {
  // Each text has scopes of its own: where nobody communicates, several run at the same time.
  const mpc = (): Backend => scopedBackend(backend);
  const prepared = await prepareModel(mpc(), model.public, model.private);
  return {
    classify: (text, bucket) => classify(mpc(), prepared, text, bucket, answer),
    classifyBatch: (texts, onLeak) =>
      runBatch(
        mpc(),
        texts.length,
        (lane, i) => classify(lane, prepared, texts[i]!.text, texts[i]!.bucket, answer),
        onLeak,
      ),
  };
}
