/** What a run is made of while it goes, and how it is kept: shared by the trainer and the loop of each phase. */
import type { RunConfig } from '../../config/schema.js';
import { exactCurves } from '../../methods/curves.js';
import { TrainingError } from '../errors.js';
import { evaluate } from '../evaluate/evaluate.js';
import type { Evaluation } from '../evaluate/evaluation.js';
import { type Watch, watchedBy } from '../evaluate/run-batches.js';
import { curvesOfState, type ModelState } from '../network/model-state.js';
import type { Control, Phase } from '../phases/phase.js';
import { type Position, startOf, writeLast } from './last-checkpoint.js';
import { AdamW } from './optimizer.js';
import type { PreparedRun } from './prepare.js';
import { type Listener, MetricsLog } from './progress.js';
import { RunFolder } from './run-folder.js';

/** Set from outside (Ctrl-C): the run writes a checkpoint after the current step and stops. */
export interface StopRequest {
  requested: boolean;
}

export class RunInProgress {
  readonly folder: RunFolder;
  readonly log: MetricsLog;
  readonly control: Control;
  optimizer: AdamW;
  position: Position = startOf('dense');

  constructor(
    readonly config: RunConfig,
    readonly prepared: PreparedRun,
    directory: string,
    readonly listener: Listener,
    readonly stop: StopRequest,
  ) {
    this.folder = new RunFolder(directory);
    this.log = new MetricsLog(this.folder.metrics);
    this.control = { lambda: config.masks.lambda, kept: null, schedule: null };
    this.optimizer = this.newOptimizer();
  }

  get state(): ModelState {
    return this.prepared.state;
  }

  newOptimizer = (): AdamW => new AdamW(this.state.parameters, this.config.optimizer);

  evaluate({ prunes, exact }: Phase): Promise<Evaluation> {
    const curves = exact ? exactCurves : curvesOfState(this.state);
    return evaluate(this.state, this.prepared.task, this.prepared.dev, { prune: prunes, curves });
  }

  /** For what phases compute before their first step. */
  watch: Watch = watchedBy(
    (...work) => this.listener.work(...work),
    () => this.stopIfRequested(),
  );

  async stopIfRequested(): Promise<void> {
    if (!this.stop.requested) return;
    await this.writeLast();
    throw new TrainingError(
      `stopped after step ${this.position.step}; --resume goes on from ${this.folder.last}`,
    );
  }

  writeLast(): Promise<void> {
    const { folder, state, optimizer, position, control, log } = this;
    return this.guarded(async () =>
      writeLast(folder.last, state, optimizer, position, control, await log.bytes()),
    );
  }

  /** A full disk or a missing permission ends the run with one clear sentence. */
  async guarded(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const { phase, step } = this.position;
      throw new TrainingError(
        `writing below ${this.folder.directory} failed in the ${phase} phase after step ${step}: ${(error as Error).message}; the checkpoint written before is intact`,
      );
    }
  }
}
