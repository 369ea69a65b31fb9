/** Training, phase by phase: batches, steps, reports and checkpoints. What a phase is for is in training/phases. */
import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { kernels } from '#kernels';
import type { RunConfig } from '../../config/schema.js';
import { Teacher } from '../distil/teacher.js';
import { TrainingError } from '../errors.js';
import { type Evaluation, evaluate } from '../evaluate/evaluate.js';
import type { ModelState } from '../network/model-state.js';
import { phasesOf } from '../phases/index.js';
import type { Control, Phase, RunContext } from '../phases/phase.js';
import { AdamW } from './optimizer.js';
import { withUsablePrecision } from './precision.js';
import type { PreparedRun } from './prepare.js';
import { type Listener, MetricsLog } from './progress.js';
import { PhaseReporter } from './reporter.js';
import { type Position, RunFolder, startOf } from './run-folder.js';
import { Stepper } from './stepper.js';
import { Watchdog } from './watchdog.js';

/** Set from outside (Ctrl-C): the run writes a checkpoint after the current step and stops. */
export interface StopRequest {
  requested: boolean;
}

export class Trainer {
  readonly #config: RunConfig;
  readonly #prepared: PreparedRun;
  readonly #state: ModelState;
  readonly #folder: RunFolder;
  readonly #log: MetricsLog;
  readonly #listener: Listener;
  readonly #stop: StopRequest;
  readonly #control: Control;
  readonly #fellBack: boolean;
  #optimizer: AdamW;
  #position: Position = startOf('dense');

  constructor(
    config: RunConfig,
    prepared: PreparedRun,
    directory: string,
    listener: Listener,
    stop: StopRequest = { requested: false },
  ) {
    this.#config = withUsablePrecision(config);
    this.#prepared = prepared;
    this.#state = prepared.state;
    this.#folder = new RunFolder(directory);
    this.#log = new MetricsLog(this.#folder.metrics);
    this.#listener = listener;
    this.#stop = stop;
    this.#control = { lambda: config.masks.lambda, kept: null };
    this.#optimizer = this.#newOptimizer();
    this.#fellBack = this.#config.precision !== config.precision;
  }

  #newOptimizer = (): AdamW => new AdamW(this.#state.parameters, this.#config.optimizer);

  /** Runs all phases, or those that are left; returns the last evaluation. overwrite: in place of a run that is in the folder */
  async run(options: { readonly resume: boolean; readonly overwrite?: boolean }): Promise<Evaluation> {
    kernels.setFloatThreads(this.#config.batch.workers ?? availableParallelism());
    if (this.#fellBack)
      this.#listener.note('no bfloat16 products on this processor or backend: training in float32');
    if (options.resume) await this.#resume();
    else await this.#start(options.overwrite ?? false);
    const phases = phasesOf(this.#context());
    const first = phases.findIndex(({ name }) => name === this.#position.phase);
    let last: Evaluation | null = null;
    for (const phase of phases.slice(first)) {
      if (phase.name !== this.#position.phase) await this.#begin(phase);
      if (!this.#position.phaseDone) last = await this.#runPhase(phase);
    }
    await this.#guarded(() => this.#folder.writeModel(this.#folder.final, this.#state));
    await this.#guarded(() => this.#folder.finish());
    return last ?? this.#evaluate(phases.at(-1)!);
  }

  #context(): RunContext {
    let teacher: Promise<Teacher | null> | null = null;
    return {
      config: this.#config,
      prepared: this.#prepared,
      folder: this.#folder,
      control: this.#control,
      teacher: () => {
        teacher ??= this.#loadTeacher();
        return teacher;
      },
    };
  }

  async #loadTeacher(): Promise<Teacher | null> {
    const { dense } = this.#folder;
    // The settings of a sweep have one dense model: what it says is computed by the first and kept beside it.
    const own = { weights: dense, logits: (await this.#folder.readOrigin()) ?? dense };
    const { train, unlabelled } = this.#prepared;
    return Teacher.load(own, this.#state, [...train, ...unlabelled], this.#config);
  }

  async #start(overwrite: boolean): Promise<void> {
    if (!overwrite) this.#folder.checkEmpty();
    const kept = await this.#folder.start(this.#config);
    if (kept !== null)
      this.#listener.note(`the finished run that was there is kept in ${kept} until this one is done`);
  }

  async #resume(): Promise<void> {
    await this.#folder.checkSameConfig(this.#config);
    const { optimizer, position, control } = await this.#folder.readLast(this.#state, this.#newOptimizer);
    this.#optimizer = optimizer;
    this.#position = position;
    Object.assign(this.#control, control);
    this.#listener.note(`resuming in the ${position.phase} phase after step ${position.step}`);
  }

  async #begin(phase: Phase): Promise<void> {
    this.#position = startOf(phase.name);
    await this.#guarded(() => phase.begin());
    this.#optimizer = this.#newOptimizer();
  }

  async #runPhase(phase: Phase): Promise<Evaluation> {
    await phase.open();
    const reporter = new PhaseReporter(phase, this.#state, this.#listener, this.#log, this.#position.seen);
    const watchdog = new Watchdog(phase.name, this.#guessingLoss(), this.#folder.last);
    const stepper = new Stepper(this.#config, this.#prepared, phase, this.#optimizer);
    const evaluateEvery = this.#evaluationInterval(phase);
    while (!this.#isDone(phase)) {
      const before = this.#position.seen;
      const step = stepper.take(this.#position);
      this.#position = step.position;
      watchdog.check(step);
      const warning = phase.afterStep(step);
      if (warning !== null) this.#listener.note(warning);
      await this.#guarded(() => reporter.step(step));
      if (step.step % this.#config.checkpointEverySteps === 0) await this.#writeLast();
      const { seen } = this.#position;
      const crossed = Math.floor(before / evaluateEvery) !== Math.floor(seen / evaluateEvery);
      if (crossed && seen < phase.total) await this.#report(reporter, phase);
      await nextTurn();
      if (this.#stop.requested) await this.#stopHere();
    }
    stepper.dispose();
    this.#position = { ...this.#position, phaseDone: true };
    const last = await this.#report(reporter, phase);
    await this.#writeLast();
    return last;
  }

  #isDone({ total, settings: { maxSteps } }: Phase): boolean {
    const { seen, step } = this.#position;
    return seen >= total || (maxSteps !== null && step >= maxSteps);
  }

  /** In units of the numbers' variance it is 1 for a regression. */
  #guessingLoss(): number {
    const { problem, labels } = this.#state.config;
    return problem === 'regression' ? 1 : Math.log(labels.length);
  }

  #evaluationInterval({ examples }: Phase): number {
    const { evaluationsPerEpoch } = this.#config;
    return evaluationsPerEpoch === 0 ? Number.POSITIVE_INFINITY : examples.length / evaluationsPerEpoch;
  }

  #evaluate({ prunes }: Phase): Evaluation {
    return evaluate(this.#state, this.#prepared.task, this.#prepared.dev, { prune: prunes });
  }

  async #report(reporter: PhaseReporter, phase: Phase): Promise<Evaluation> {
    const evaluation = this.#evaluate(phase);
    await this.#guarded(() => reporter.evaluation(this.#position, evaluation));
    return evaluation;
  }

  async #stopHere(): Promise<never> {
    await this.#writeLast();
    throw new TrainingError(
      `stopped after step ${this.#position.step}; --resume goes on from ${this.#folder.last}`,
    );
  }

  #writeLast = (): Promise<void> =>
    this.#guarded(() => this.#folder.writeLast(this.#state, this.#optimizer, this.#position, this.#control));

  /** A full disk or a missing permission ends the run with one clear sentence. */
  async #guarded(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const { phase, step } = this.#position;
      throw new TrainingError(
        `writing below ${this.#folder.directory} failed in the ${phase} phase after step ${step}: ${(error as Error).message}; the checkpoint written before is intact`,
      );
    }
  }
}
