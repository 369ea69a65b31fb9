/**
 * Compares token ids and logits with the ONNX pipeline of @xenova/transformers on a local model folder (that library's layout:
 * config.json, tokenizer.json, onnx/model.onnx): an implementation apart from ours.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { exactCurves } from '../../methods/curves.js';
import type { Checkpoint } from '../../model/checkpoint/checkpoint.js';
import { createTokenizer } from '../../model/tokenizer/tokenizer.js';
import { loadXenova, type XenovaPipeline } from '../../model/xenova-library.js';
import { UsageError } from '../../util/errors.js';
import { stateOfCheckpoint } from '../network/model-state.js';
import { predict } from './predict.js';

export interface OnnxComparison {
  readonly text: string;
  /** Whether both tokenizers give the same ids. */
  readonly sameIds: boolean;
  readonly ids: readonly number[];
  readonly onnxIds: readonly number[];
  /** Largest difference of a logit, both models on the ids of the pipeline's tokenizer. */
  readonly error: number;
}

/** What is compared where no texts are given. */
export const SAMPLE_TEXTS: readonly string[] = [
  'a gorgeous, witty, seductive movie.',
  "It's NOT bad — naïve café, 3.5/10, but don't miss it!",
  'Where is my parcel? I ordered it 3 weeks ago',
  'Straße ΟΔΟΣ 日本語 😀 x𠀀y',
  'ok',
];

async function openPipeline(folder: string): Promise<XenovaPipeline> {
  const directory = resolve(folder);
  if (!existsSync(join(directory, 'onnx', 'model.onnx')))
    throw new UsageError(
      `verify: --against-onnx: expected ${join(folder, 'onnx', 'model.onnx')}, which is not there`,
    );
  const { env, pipeline } = await loadXenova();
  env.allowRemoteModels = false;
  env.localModelPath = dirname(directory);
  return pipeline('text-classification', basename(directory), { quantized: false, local_files_only: true });
}

/** Runs both on every text. Throws UsageError for a folder without an ONNX model, MissingPackageError without the library. */
export async function verifyAgainstOnnx(
  checkpoint: Checkpoint,
  folder: string,
  texts: readonly string[] = SAMPLE_TEXTS,
): Promise<OnnxComparison[]> {
  const pipeline = await openPipeline(folder);
  const state = stateOfCheckpoint(checkpoint);
  const tokenizer = createTokenizer(checkpoint.tokenizerFiles, checkpoint.config);
  const comparisons: OnnxComparison[] = [];
  for (const text of texts) {
    const { ids } = tokenizer.encode(text, null, checkpoint.config.maxPositions);
    const inputs = pipeline.tokenizer([text], { padding: true, truncation: true });
    const onnxIds = inputs.input_ids.tolist()[0]!.map(Number);
    const { logits } = await pipeline.model(inputs);
    const example = {
      index: 0,
      ids: Int32Array.from(onnxIds),
      types: new Int32Array(onnxIds.length),
      label: Number.NaN,
    };
    const { logits: own } = await predict(state, [example], { prune: false, curves: exactCurves });
    const error = Math.max(...logits.tolist()[0]!.map((logit, i) => Math.abs(logit - own[i]!)));
    comparisons.push({ text, sameIds: ids.join() === onnxIds.join(), ids, onnxIds, error });
  }
  return comparisons;
}
