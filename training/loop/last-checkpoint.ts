/** The last checkpoint of a run: a model, and beside it all that `--resume` needs to go on bit for bit. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { PhaseName } from '../../config/schema.js';
import { scheduleSchema } from '../../model/artifact/schedule.js';
import { fromElements, toFloat32 } from '../../model/artifact/stored-tensor.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { parseSafetensors, serializeSafetensors } from '../../model/checkpoint/safetensors.js';
import { withoutLastLayer } from '../../model/thresholds.js';
import { TrainingError } from '../errors.js';
import { type ModelState, toCheckpoint } from '../network/model-state.js';
import { type Parameter, PRUNE_THRESHOLDS, REDUCE_THRESHOLDS, weightShapes } from '../network/parameters.js';
import { thresholdParameters } from '../network/thresholds.js';
import type { Control } from '../phases/phase.js';
import type { AdamW } from './optimizer.js';
import type { Best } from './selection.js';

/** Where a run is: the next batch to train on is `batch` of `epoch` of `phase`. */
export interface Position {
  readonly phase: PhaseName;
  readonly epoch: number;
  readonly batch: number;
  /** Examples seen and steps done in this phase. */
  readonly seen: number;
  readonly step: number;
  /** Steps of the phases before it. */
  readonly stepsBefore: number;
  /** True after the phase's last step: the next phase begins. */
  readonly phaseDone: boolean;
  /** Null before the first evaluation that counts. */
  readonly best: Best | null;
}

/** The beginning of a phase. stepsBefore: of the phases before it */
export const startOf = (phase: PhaseName, stepsBefore = 0): Position => ({
  phase,
  epoch: 0,
  batch: 0,
  seen: 0,
  step: 0,
  stepsBefore,
  phaseDone: false,
  best: null,
});

const positionSchema = z.strictObject({
  formatVersion: z.literal(1),
  phase: z.enum(['dense', 'layers', 'answers', 'soft', 'hard']),
  epoch: z.number().int().min(0),
  batch: z.number().int().min(0),
  seen: z.number().int().min(0),
  step: z.number().int().min(0),
  stepsBefore: z.number().int().min(0).default(0),
  phaseDone: z.boolean(),
  best: z
    .strictObject({ step: z.number(), score: z.number(), loss: z.number(), since: z.number() })
    .nullable()
    .default(null),
  lambda: z.number(),
  kept: z.array(z.number()).nullable().default(null),
  schedule: scheduleSchema.nullable().default(null),
  spread: z.array(z.number()).nullable(),
  // Checkpoints of older versions do not know it.
  loggedBytes: z.number().int().min(0).nullable().default(null),
});

/** Weights, thresholds, moments and the position, all or nothing. loggedBytes: what metrics.jsonl has by now */
export async function writeLast(
  directory: string,
  state: ModelState,
  optimizer: AdamW,
  position: Position,
  control: Control,
  loggedBytes: number,
): Promise<void> {
  const tensors = new Map<string, ReturnType<typeof fromElements>>();
  for (const [name, { mean, square }] of optimizer.state()) {
    tensors.set(`mean.${name}`, fromElements(mean, [mean.length]));
    tensors.set(`square.${name}`, fromElements(square, [square.length]));
  }
  for (const name of [PRUNE_THRESHOLDS, REDUCE_THRESHOLDS]) {
    const parameter = state.parameters.get(name);
    if (parameter) tensors.set(name, fromElements(parameter.values, parameter.shape));
  }
  const metadata = { step: String(optimizer.step) };
  const stored = { formatVersion: 1, ...position, ...control, spread: state.spread, loggedBytes };
  const extra = new Map<string, Uint8Array | string>([
    ['optimizer.safetensors', serializeSafetensors(tensors, metadata)],
    ['position.json', `${JSON.stringify(stored, null, 2)}\n`],
  ]);
  await writeCheckpoint(directory, toCheckpoint(state), extra);
}

async function readWeights(directory: string, state: ModelState): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(directory);
  // From the soft phase on a model may have layers more.
  state.config = checkpoint.config;
  for (const [name, shape] of weightShapes(state.config)) {
    const { values } = checkpoint.tensors.get(name)!;
    const parameter = state.parameters.get(name);
    if (parameter) parameter.values.set(values);
    else state.parameters.set(name, { shape, values: Float32Array.from(values) });
  }
  return checkpoint;
}

/** Puts the weights and thresholds of the phase's best model into the state. */
export async function readBest(directory: string, state: ModelState): Promise<void> {
  const { details } = await readWeights(directory, state);
  if (state.spread === null || !details?.thresholds) return;
  const thresholds = thresholdParameters(withoutLastLayer(details.thresholds), state.spread);
  for (const [name, { values }] of thresholds) state.parameters.get(name)!.values.set(values);
}

/** Puts the last checkpoint's numbers into the state and the optimizer. */
export async function readLast(
  directory: string,
  state: ModelState,
  makeOptimizer: () => AdamW,
): Promise<{ optimizer: AdamW; position: Position; control: Control; loggedBytes: number | null }> {
  await readWeights(directory, state);
  const parsed = positionSchema.safeParse(
    JSON.parse(await readFile(join(directory, 'position.json'), 'utf8')),
  );
  if (!parsed.success)
    throw new TrainingError(`${directory}/position.json: ${parsed.error.issues[0]?.message}`);
  const { formatVersion: _, spread, lambda, kept, schedule, loggedBytes, ...position } = parsed.data;
  const file = join(directory, 'optimizer.safetensors');
  const { tensors, metadata } = parseSafetensors(await readFile(file), file);
  state.spread = spread;
  const floats = (name: string): Float32Array<ArrayBuffer> =>
    Float32Array.from(toFloat32(tensors.get(name)!, name));
  for (const name of [PRUNE_THRESHOLDS, REDUCE_THRESHOLDS]) {
    const stored = tensors.get(name);
    if (stored) state.parameters.set(name, { shape: stored.shape, values: floats(name) } satisfies Parameter);
  }
  const optimizer = makeOptimizer();
  const names = [...tensors.keys()].filter((name) => name.startsWith('mean.')).map((name) => name.slice(5));
  const moments = names.map(
    (name) => [name, { mean: floats(`mean.${name}`), square: floats(`square.${name}`) }] as const,
  );
  optimizer.restore(Number(metadata.step), new Map(moments));
  return { optimizer, position, control: { lambda, kept, schedule }, loggedBytes };
}
