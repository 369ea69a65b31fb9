/** A run: its phases one after the other, from the beginning or from a checkpoint. What a phase is for is in training/phases. */
import { availableParallelism } from 'node:os';
import { kernels } from '#kernels';
import type { RunConfig } from '../../config/schema.js';
import { Teachers } from '../distil/teachers.js';
import type { Evaluation } from '../evaluate/evaluation.js';
import { phasesOf } from '../phases/index.js';
import type { Phase, RunContext } from '../phases/phase.js';
import { readLast, startOf } from './last-checkpoint.js';
import { PhaseLoop } from './phase-loop.js';
import { withUsablePrecision } from './precision.js';
import type { PreparedRun } from './prepare.js';
import type { Listener } from './progress.js';
import { RunInProgress, type StopRequest } from './run-in-progress.js';

export class Trainer {
  readonly #run: RunInProgress;
  readonly #fellBack: boolean;

  constructor(
    config: RunConfig,
    prepared: PreparedRun,
    directory: string,
    listener: Listener,
    stop: StopRequest = { requested: false },
  ) {
    const usable = withUsablePrecision(config);
    this.#fellBack = usable.precision !== config.precision;
    this.#run = new RunInProgress(usable, prepared, directory, listener, stop);
  }

  /** Runs all phases, or those that are left; returns the last evaluation. overwrite: in place of a run that is in the folder */
  async run(options: { readonly resume: boolean; readonly overwrite?: boolean }): Promise<Evaluation> {
    const run = this.#run;
    kernels.setFloatThreads(run.config.batch.workers ?? availableParallelism());
    if (this.#fellBack)
      run.listener.note('no bfloat16 products on this processor or backend: training in float32');
    if (options.resume) await this.#resume();
    else await this.#start(options.overwrite ?? false);
    const phases = phasesOf(this.#context());
    const first = phases.findIndex(({ name }) => name === run.position.phase);
    let last: Evaluation | null = null;
    for (const [at, phase] of phases.entries()) {
      if (at < first) continue;
      if (phase.name !== run.position.phase) await this.#begin(phase);
      if (run.position.phaseDone) continue;
      await phase.open();
      const later = phases.slice(at + 1).reduce((sum, { total }) => sum + total, 0);
      last = await new PhaseLoop(run, phase, later).finish();
    }
    await run.guarded(() => run.folder.writeModel(run.folder.final, run.state));
    await run.guarded(() => run.folder.finish());
    return last ?? run.evaluate(phases.at(-1)!);
  }

  async #start(overwrite: boolean): Promise<void> {
    const { folder, config, listener } = this.#run;
    if (!overwrite) folder.checkEmpty();
    const kept = await folder.start(config);
    if (kept !== null)
      listener.note(`the finished run that was there is kept in ${kept} until this one is done`);
  }

  async #resume(): Promise<void> {
    const run = this.#run;
    await run.folder.checkSameConfig(run.config);
    const { optimizer, position, control, loggedBytes } = await readLast(
      run.folder.last,
      run.state,
      run.newOptimizer,
    );
    // The steps after the checkpoint come once more.
    if (loggedBytes !== null) await run.guarded(() => run.log.cutTo(loggedBytes));
    run.optimizer = optimizer;
    run.position = position;
    Object.assign(run.control, control);
    run.listener.note(`resuming in the ${position.phase} phase after step ${position.step}`);
  }

  async #begin(phase: Phase): Promise<void> {
    const run = this.#run;
    const { stepsBefore, step } = run.position;
    run.position = startOf(phase.name, stepsBefore + step);
    await run.guarded(() => phase.begin());
    run.optimizer = run.newOptimizer();
  }

  #context(): RunContext {
    const { config, prepared, folder, control, watch } = this.#run;
    const teachers = new Teachers(this.#run);
    return {
      config,
      prepared,
      folder,
      control,
      teacher: (own) => teachers.answers(own),
      followed: (own) => teachers.layers(own),
      watch,
    };
  }
}
