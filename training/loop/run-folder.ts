/**
 * The folder of a training run:
 *   run.json        the configuration, with the precision that was really used
 *   metrics.jsonl   what happened, a line each
 *   tensorboard/    the same as event files, if asked for
 *   checkpoint/     the last checkpoint, with everything that --resume needs to go on bit for bit
 *   exact/          the model with exact functions, where it is brought to the method's from there
 *   dense/          the model before masks: teacher and baseline
 *   best/           the best model of the phase that runs, where that one is wanted
 *   final/          the result
 *   origin.json     the dense run that it went on from, if it did (branch.ts)
 * A run that replaces a finished one keeps it in FOLDER.replaced until it is finished itself.
 */
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import * as z from 'zod';
import { parseRunConfig } from '../../config/load.js';
import type { PhaseName, RunConfig } from '../../config/schema.js';
import { scheduleSchema } from '../../model/artifact/schedule.js';
import { fromElements, toFloat32 } from '../../model/artifact/stored-tensor.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { parseSafetensors, serializeSafetensors } from '../../model/checkpoint/safetensors.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { recoverDirectory } from '../../model/replace-directory.js';
import { withoutLastLayer } from '../../model/thresholds.js';
import { makeDirectory } from '../../util/make-directory.js';
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
  /** True after the phase's last step: the next phase begins. */
  readonly phaseDone: boolean;
  /** Null before the first evaluation that counts. */
  readonly best: Best | null;
}

/** The beginning of a phase. */
export const startOf = (phase: PhaseName): Position => ({
  phase,
  epoch: 0,
  batch: 0,
  seen: 0,
  step: 0,
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
  phaseDone: z.boolean(),
  best: z
    .strictObject({ step: z.number(), score: z.number(), loss: z.number(), since: z.number() })
    .nullable()
    .default(null),
  lambda: z.number(),
  kept: z.array(z.number()).nullable().default(null),
  schedule: scheduleSchema.nullable().default(null),
  spread: z.array(z.number()).nullable(),
});

export class RunFolder {
  readonly metrics: string;
  readonly events: string;
  readonly last: string;
  readonly exact: string;
  readonly dense: string;
  readonly best: string;
  readonly final: string;
  readonly #origin: string;
  /** Where a finished run is kept until the one that replaces it is finished. */
  readonly #replaced: string;

  constructor(readonly directory: string) {
    this.#replaced = `${directory}.replaced`;
    this.metrics = join(directory, 'metrics.jsonl');
    this.events = join(directory, 'tensorboard');
    this.last = join(directory, 'checkpoint');
    this.exact = join(directory, 'exact');
    this.dense = join(directory, 'dense');
    this.best = join(directory, 'best');
    this.final = join(directory, 'final');
    this.#origin = join(directory, 'origin.json');
  }

  /** Throws TrainingError where there is something of an older run that took time to make. */
  checkEmpty(): void {
    const held = [this.final, this.last, this.dense].find((path) => existsSync(path));
    if (held !== undefined)
      throw new TrainingError(
        `${this.directory} holds a run already (${basename(held)}): expected --resume to go on with it, --overwrite to replace it, or another --out`,
      );
  }

  /** A new run in place of what an older one left. A finished one is kept beside it until `finish`; the result is where. */
  async start(config: RunConfig): Promise<string | null> {
    await makeDirectory(this.directory);
    const older = [
      this.metrics,
      this.events,
      this.last,
      this.exact,
      this.dense,
      this.best,
      this.final,
      this.#origin,
    ].filter((path) => existsSync(path));
    const isKept = existsSync(this.final);
    if (isKept) {
      await rm(this.#replaced, { recursive: true, force: true });
      await makeDirectory(this.#replaced);
      older.push(this.#config);
    }
    for (const path of older)
      if (isKept) await rename(path, join(this.#replaced, basename(path)));
      else await rm(path, { recursive: true });
    await writeFileAtomically(this.#config, `${JSON.stringify(config, null, 2)}\n`);
    return existsSync(this.#replaced) ? this.#replaced : null;
  }

  /** The run's result is there: the one that it replaces goes. */
  async finish(): Promise<void> {
    await rm(this.best, { recursive: true, force: true });
    await rm(this.#replaced, { recursive: true, force: true });
  }

  get #config(): string {
    return join(this.directory, 'run.json');
  }

  /** The configuration must be the one that the run was started with, but for where and how often it writes, and on how many threads. */
  async checkSameConfig(config: RunConfig): Promise<void> {
    const path = this.#config;
    await recoverDirectory(this.last);
    if (!existsSync(path) || !existsSync(this.last))
      throw new TrainingError(`--resume: expected a run with a checkpoint in ${this.directory}, found none`);
    // Through the schema, so that keys that did not exist then have their defaults.
    const before: Record<string, unknown> = parseRunConfig(JSON.parse(await readFile(path, 'utf8')), path);
    const free = new Set(['output', 'checkpointEverySteps', 'evaluationsPerEpoch', 'patience']);
    const text = (value: unknown): string =>
      JSON.stringify(value, (key, part: unknown) => (key === 'workers' ? null : part));
    const changed = Object.entries(config)
      .filter(([key, value]) => !free.has(key) && text(value) !== text(before[key]))
      .map(([key]) => key);
    if (changed.length > 0)
      throw new TrainingError(
        `--resume: the run in ${this.directory} was started with another ${changed.join(', ')}`,
      );
  }

  /** Notes the checkpoint whose weights this run goes on from. */
  async writeOrigin(dense: string): Promise<void> {
    const origin = { dense: relative(this.directory, dense) };
    await writeFileAtomically(this.#origin, `${JSON.stringify(origin)}\n`);
  }

  /** That checkpoint's folder; null if the run trained its dense model itself, or it is gone. */
  async readOrigin(): Promise<string | null> {
    if (!existsSync(this.#origin)) return null;
    const { dense } = JSON.parse(await readFile(this.#origin, 'utf8')) as { dense: string };
    const folder = resolve(this.directory, dense);
    return existsSync(folder) ? folder : null;
  }

  async writeModel(directory: string, state: ModelState): Promise<void> {
    await writeCheckpoint(directory, toCheckpoint(state));
  }

  /** Weights, thresholds, moments and the position, all or nothing. */
  async writeLast(state: ModelState, optimizer: AdamW, position: Position, control: Control): Promise<void> {
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
    const stored = { formatVersion: 1, ...position, ...control, spread: state.spread };
    const extra = new Map<string, Uint8Array | string>([
      ['optimizer.safetensors', serializeSafetensors(tensors, metadata)],
      ['position.json', `${JSON.stringify(stored, null, 2)}\n`],
    ]);
    await writeCheckpoint(this.last, toCheckpoint(state), extra);
  }

  async #readWeights(directory: string, state: ModelState): Promise<Checkpoint> {
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
  async readBest(state: ModelState): Promise<void> {
    const { details } = await this.#readWeights(this.best, state);
    if (state.spread === null || !details?.thresholds) return;
    const thresholds = thresholdParameters(withoutLastLayer(details.thresholds), state.spread);
    for (const [name, { values }] of thresholds) state.parameters.get(name)!.values.set(values);
  }

  /** Puts the last checkpoint's numbers into the state and the optimizer. */
  async readLast(
    state: ModelState,
    makeOptimizer: () => AdamW,
  ): Promise<{ optimizer: AdamW; position: Position; control: Control }> {
    await this.#readWeights(this.last, state);
    const parsed = positionSchema.safeParse(
      JSON.parse(await readFile(join(this.last, 'position.json'), 'utf8')),
    );
    if (!parsed.success)
      throw new TrainingError(`${this.last}/position.json: ${parsed.error.issues[0]?.message}`);
    const { formatVersion: _, spread, lambda, kept, schedule, ...position } = parsed.data;
    const file = join(this.last, 'optimizer.safetensors');
    const { tensors, metadata } = parseSafetensors(await readFile(file), file);
    state.spread = spread;
    const floats = (name: string): Float32Array<ArrayBuffer> =>
      Float32Array.from(toFloat32(tensors.get(name)!, name));
    for (const name of [PRUNE_THRESHOLDS, REDUCE_THRESHOLDS]) {
      const stored = tensors.get(name);
      if (stored)
        state.parameters.set(name, { shape: stored.shape, values: floats(name) } satisfies Parameter);
    }
    const optimizer = makeOptimizer();
    const names = [...tensors.keys()].filter((name) => name.startsWith('mean.')).map((name) => name.slice(5));
    const moments = names.map(
      (name) => [name, { mean: floats(`mean.${name}`), square: floats(`square.${name}`) }] as const,
    );
    optimizer.restore(Number(metadata.step), new Map(moments));
    return { optimizer, position, control: { lambda, kept, schedule } };
  }
}
