/** The classifiers that evaluation and prediction run: float, fixed point in the clear, or private. */
import type { LastingClient } from '../../inference/client/lasting-client.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import type { CotKind } from '../../inference/core/cot-kind.js';
import type { Classification } from '../../inference/run/classification.js';
import { type TextOrPair, textOrPair } from '../../inference/run/text-input.js';
import { UsageError } from '../../util/errors.js';
import { type ClientTarget, LOCAL_AHEAD_MEGABYTES, withClient } from '../with-client.js';
import type { Way } from './comparison.js';
import type { Classifier } from './evaluation.js';

/** Sentences of one forward pass in float. */
export const FLOAT_BATCH = 64;

export interface ClassifierOptions
  extends Pick<ClientTarget, 'privateEmbedding' | 'timeoutSeconds' | 'verbose'> {
  readonly artifact?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly cots: CotKind;
  /** Texts that material is made for before each of them. */
  readonly warm: number;
}

function given(name: 'artifact' | 'checkpoint', value: string | undefined): string {
  if (value === undefined) throw new UsageError(`expected --${name} for this backend`);
  return value;
}

/** Makes material for the next texts before each of them; `examples` will come in all. */
function warmed(client: LastingClient, texts: number, examples: number): Classifier {
  let remaining = examples;
  const classifyBatch = async (batch: readonly TextOrPair[]): Promise<Classification[]> => {
    await client.prepare(texts, { remaining, bucket: client.bucketOf(batch[0]!) });
    remaining -= batch.length;
    return client.classifyBatch(batch);
  };
  return {
    classify: async (input) => (await classifyBatch([textOrPair(input)]))[0]!,
    classifyBatch,
  };
}

/** Runs `body` with the classifier of a backend. `examples`: how many it will see. */
export async function withClassifier<T>(
  options: ClassifierOptions,
  backend: Way,
  examples: number,
  body: (classifier: Classifier) => Promise<T>,
): Promise<T> {
  const { warm, checkpoint, ...rest } = options;
  if (backend === 'float') {
    const { FloatClassifier } = await import('./float-classifier.js');
    return body(await FloatClassifier.open(given('checkpoint', checkpoint)));
  }
  const artifact = given('artifact', options.artifact);
  if (backend === 'cleartext') {
    const { CleartextClassifier } = await import('../../inference/run/cleartext-classifier.js');
    return body(await CleartextClassifier.open(artifact));
  }
  const target = {
    ...rest,
    address: null,
    artifact,
    cache: false,
    // Both parties are the user's own.
    serverAnswer: FINEST_LOGITS,
    aheadMegabytes: warm > 0 ? LOCAL_AHEAD_MEGABYTES : 0,
  };
  return withClient(target, (client) => body(warm > 0 ? warmed(client, warm, examples) : client));
}
