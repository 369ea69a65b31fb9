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
import { parseRunConfig } from '../../config/load.js';
import type { RunConfig } from '../../config/schema.js';
import { writeCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { recoverDirectory } from '../../model/replace-directory.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { makeDirectory } from '../../util/make-directory.js';
import { TrainingError } from '../errors.js';
import { type ModelState, toCheckpoint } from '../network/model-state.js';

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

  /** What a run leaves beside its configuration; a new one removes it, or moves it away in this order: what took the most time first. */
  get #results(): string[] {
    const { metrics, events, last, exact, dense, best, final } = this;
    return [final, last, dense, exact, best, metrics, events, this.#origin].filter((path) =>
      existsSync(path),
    );
  }

  /** Whether there is a checkpoint to go on from; one that a killed process was just replacing counts. */
  async isBegun(): Promise<boolean> {
    await recoverDirectory(this.last);
    return existsSync(this.last);
  }

  /** Throws TrainingError where there are files that a run would remove, but no run that they are of. */
  checkOwn(): void {
    const foreign = existsSync(this.#config) ? undefined : this.#results[0];
    if (foreign !== undefined)
      throw new TrainingError(
        `${this.directory} is not replaced: it holds ${basename(foreign)}, but no run.json: expected an empty folder or that of a run`,
      );
  }

  /** Throws TrainingError where there is something of an older run that took time to make. `otherwise`: what may be done about it */
  checkEmpty(otherwise = '--resume to go on with it, --overwrite to replace it, or another --out'): void {
    this.checkOwn();
    const held = [this.final, this.last, this.dense].find((path) => existsSync(path));
    if (held !== undefined)
      throw new TrainingError(
        `${this.directory} holds a run already (${basename(held)}): expected ${otherwise}`,
      );
  }

  /** A new run in place of what an older one left. A finished one is kept beside it until `finish`; the result is where. */
  async start(config: RunConfig): Promise<string | null> {
    await makeDirectory(this.directory);
    const older = this.#results;
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
    if (!existsSync(path) || !(await this.isBegun()))
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
}
