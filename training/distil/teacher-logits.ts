/** A teacher's logits on training sentences, kept in a folder, mostly that of its weights: the settings of a sweep ask for the same ones. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Precision } from '../../config/schema.js';
import { exactCurves } from '../../methods/curves.js';
import { readSafetensors, writeSafetensors } from '../../model/checkpoint/safetensors-file.js';
import { predict } from '../evaluate/predict.js';
import type { AfterBatch } from '../evaluate/run-batches.js';
import type { EncodedExample } from '../loop/batches.js';
import { curvesOfState, type ModelState } from '../network/model-state.js';

const bytesOf = (values: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Of everything that the logits depend on. */
function digestOf(
  state: ModelState,
  examples: readonly EncodedExample[],
  precision: Precision,
  exact: boolean,
): string {
  const hash = createHash('sha256').update(precision);
  if (exact) hash.update('exact');
  for (const [name, { values }] of state.parameters) hash.update(name).update(bytesOf(values));
  for (const { ids, types } of examples)
    hash.update(Int32Array.of(ids.length)).update(bytesOf(ids)).update(bytesOf(types));
  return hash.digest('hex').slice(0, 16);
}

/**
 * Logits of a model without masks, [examples, labels]: read from the folder if they were computed before. A folder that cannot be
 * written to costs the time of the next run, no more.
 */
export async function teacherLogits(
  { logits: directory, exact = false }: { readonly logits: string; readonly exact?: boolean },
  state: ModelState,
  examples: readonly EncodedExample[],
  precision: Precision,
  afterBatch: AfterBatch,
): Promise<Float32Array> {
  const file = join(directory, `logits-${digestOf(state, examples, precision, exact)}.safetensors`);
  if (existsSync(file)) {
    const { bytes } = (await readSafetensors(file)).tensors.get('logits')!;
    return new Float32Array(Uint8Array.from(bytes).buffer);
  }
  const curves = exact ? exactCurves : curvesOfState(state);
  const { logits } = await predict(state, examples, { prune: false, precision, curves }, afterBatch);
  const shape = [examples.length, state.config.labels.length];
  const stored = { dtype: 'F32' as const, shape, bytes: bytesOf(logits) };
  await writeSafetensors(file, new Map([['logits', stored]])).catch(() => undefined);
  return logits;
}
