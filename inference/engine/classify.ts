/** The whole network: embedding, encoder layers and the head's two layers; the client learns what the parties agreed on. */
import { methodOf } from '../../methods/reference.js';
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { LayerSchedule } from '../../model/artifact/schedule.js';
import type { Backend, Weight } from '../backends/backend.js';
import { type AnswerTerms, DEFAULT_ANSWER } from '../core/answer.js';
import { layerSpan, protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import { convert } from '../functions/fixed-point.js';
import { type Answer, answer } from './answer.js';
import { shareEmbedding, type TokenInput } from './embedding.js';
import { type EncoderState, encoderLayer } from './encoder-layer.js';
import { headPlan, projectionRange, restingFormat } from './plan.js';
import type { PreparedModel } from './prepare.js';
import { lookUpEmbedding } from './secret-embedding.js';
import { sharePadding } from './shared-padding.js';

/** Tokens that leave a layer's pruning, and those of them that get the high-degree polynomials. */
export interface LayerCounts {
  readonly kept: number;
  readonly important: number;
}

export interface EngineResult extends Answer {
  readonly layers: readonly LayerCounts[];
}

/** [CLS] [1, hidden] → logits [1, labels] */
const classifier = protocol(
  'classifier',
  async (mpc: Backend, model: PreparedModel, x: SharedTensor): Promise<SharedTensor> => {
    const inner = await mpc.linear(x, model.pooler);
    const { headActivation } = model.public.config;
    const { head } = methodOf(model.public.method);
    const pooled = await head(mpc, headActivation, inner, headPlan(model.public));
    return mpc.linear(pooled, model.classifier);
  },
);

/** The client's lookup in the public table, or one on shares where the table is secret → [bucket, embedding width] */
const lookUp = (mpc: Backend, model: PreparedModel, input: TokenInput | null, bucket: number) =>
  model.embedding === null
    ? shareEmbedding(mpc, model.public, input, bucket)
    : lookUpEmbedding(mpc, model.public, model.embedding, input, bucket);

/** x [bucket, embedding width] → [bucket, hidden] */
const project = protocol(
  'projection',
  async (mpc: Backend, model: PublicModel, x: SharedTensor, weight: Weight): Promise<SharedTensor> =>
    convert(mpc, await mpc.linear(x, weight), restingFormat(model), projectionRange(model)),
);

async function embedTokens(mpc: Backend, model: PreparedModel, input: TokenInput | null, bucket: number) {
  const x = await lookUp(mpc, model, input, bucket);
  return model.projection === null ? x : project(mpc, model.public, x, model.projection);
}

/** What each layer keeps of a text padded to `bucket` tokens; null where thresholds decide. */
function scheduleOf({ schedule }: PublicModel, bucket: number): readonly LayerSchedule[] | null {
  if (schedule === undefined) return null;
  const found = schedule.find(({ tokens }) => tokens === bucket);
  if (!found) throw new RangeError(`schedule: expected a padded length of the model, got ${bucket}`);
  return found.layers;
}

/** One text, padded to `bucket` tokens. Both parties call it; `input` is the client's, null at the server. */
export async function classify(
  mpc: Backend,
  model: PreparedModel,
  input: TokenInput | null,
  bucket: number,
  terms: AnswerTerms = DEFAULT_ANSWER,
): Promise<EngineResult> {
  const length = input?.ids.length ?? null;
  const schedule = scheduleOf(model.public, bucket);
  let state: EncoderState = {
    x: await embedTokens(mpc, model, input, bucket),
    important: bucket,
    length,
    padded: true,
    padding:
      schedule !== null || mpc.outsourced === true
        ? await sharePadding(mpc, model.public, length, bucket)
        : null,
    schedule,
  };
  const layers: LayerCounts[] = [];
  for (let index = 0; index < model.layers.length; index++) {
    const result = await layerSpan(index, () => encoderLayer(mpc, model, index, state));
    state = result.state;
    layers.push({ kept: result.kept, important: result.important });
  }
  const logits = await classifier(mpc, model, state.x);
  return { ...(await answer(mpc, model.public, logits, terms)), layers };
}
