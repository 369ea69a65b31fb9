/**
 * Training in three phases: dense (ordinary fine-tuning), soft (weights and thresholds together, soft masks), hard (masks made
 * 0 or 1 by the learned thresholds, which are frozen). CipherPrune, ICLR 2025; our changes are in docs/concepts/training.md.
 */
import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { kernels } from '#kernels';
import type { PhaseName, Precision, RunConfig } from '../../config/schema.js';
import { mean } from '../../data/metrics/mean.js';
import { splitmix32 } from '../../data/sources/synthetic.js';
import { Teacher } from '../distil/teacher.js';
import { TrainingError } from '../errors.js';
import { CollapseWatch } from '../evaluate/collapse.js';
import { collectScores, type Evaluation, evaluate } from '../evaluate/evaluate.js';
import { currentThresholds, type ModelState, weightTensors } from '../network/model-state.js';
import type { WeightTensors } from '../network/parameters.js';
import {
  adaptLambda,
  constrainThresholds,
  holdShares,
  initialThresholds,
  runningShares,
  shareErrors,
  shiftThresholds,
  spreadOf,
  targetShares,
  thresholdParameters,
} from '../network/thresholds.js';
import { type EncodedExample, epochBatches, makeBatch, mixSeeds, shuffle } from './batches.js';
import { AdamW, type Gradients, meanGradients } from './optimizer.js';
import { withUsablePrecision } from './precision.js';
import type { PreparedRun } from './prepare.js';
import { type Listener, MetricsLog, StepMeans } from './progress.js';
import { type Position, RunFolder } from './run-folder.js';
import { annealed, rateFactor } from './schedule.js';
import { type StepMasks, type StepOptions, type StepResult, trainingStep } from './step.js';
import { Watchdog } from './watchdog.js';

export const phaseNames: readonly PhaseName[] = ['dense', 'soft', 'hard'];

/** Steps between two lines in metrics.jsonl. */
const reportEvery = 50;
/** Parts of the hard phase in target mode: the kept shares reach their target, then are held, then thresholds stand still. */
const targetProgress = 0.3;
const heldProgress = 0.8;

/** Set from outside (Ctrl-C): the run writes a checkpoint after the current step and stops. */
export interface StopRequest {
  requested: boolean;
}

export class Trainer {
  private readonly config: RunConfig;
  private readonly wantedPrecision: Precision;
  private readonly state: ModelState;
  private readonly folder: RunFolder;
  private readonly log: MetricsLog;
  private optimizer: AdamW;
  private position: Position;
  private weights: WeightTensors;
  private teacher: Teacher | null = null;

  constructor(
    config: RunConfig,
    private readonly prepared: PreparedRun,
    directory: string,
    private readonly listener: Listener,
    private readonly stop: StopRequest = { requested: false },
  ) {
    this.config = withUsablePrecision(config);
    this.wantedPrecision = config.precision;
    this.state = prepared.state;
    this.folder = new RunFolder(directory);
    this.log = new MetricsLog(this.folder.metrics);
    this.optimizer = this.newOptimizer();
    this.position = this.startOf('dense');
    this.weights = weightTensors(this.state);
  }

  private newOptimizer = (): AdamW => new AdamW(this.state.parameters, this.config.optimizer);

  private startOf = (phase: PhaseName): Position => ({
    phase,
    epoch: 0,
    batch: 0,
    seen: 0,
    step: 0,
    phaseDone: false,
    lambda: this.config.masks.lambda,
    kept: null,
  });

  /** Runs all phases, or those that are left; returns the last evaluation. */
  async run(options: { readonly resume: boolean }): Promise<Evaluation> {
    kernels.setFloatThreads(this.config.batch.workers ?? availableParallelism());
    if (this.config.precision !== this.wantedPrecision)
      this.listener.note('no bfloat16 products on this processor or backend: training in float32');
    if (options.resume) await this.resume();
    else await this.folder.start(this.config);
    let last: Evaluation | null = null;
    const first = phaseNames.indexOf(this.position.phase);
    for (const phase of phaseNames.slice(first)) {
      if (phase !== 'dense' && this.config.masks.mode === 'none') break;
      if (phase !== this.position.phase) await this.beginPhase(phase);
      if (!this.position.phaseDone) last = await this.runPhase(phase);
    }
    await this.guardWrite(() => this.folder.writeModel(this.folder.final, this.state));
    return last ?? this.evaluateNow(this.position.phase);
  }

  private async resume(): Promise<void> {
    await this.folder.checkSameConfig(this.config);
    const { optimizer, position } = await this.folder.readLast(this.state, this.newOptimizer);
    this.optimizer = optimizer;
    this.position = position;
    this.listener.note(`resuming in the ${position.phase} phase after step ${position.step}`);
    if (position.phase !== 'dense') await this.loadTeacher();
  }

  private async beginPhase(phase: PhaseName): Promise<void> {
    const { lambda, kept } = this.position;
    this.position = { ...this.startOf(phase), lambda, kept: phase === 'hard' ? kept : null };
    if (phase === 'soft') {
      await this.guardWrite(() => this.folder.writeModel(this.folder.dense, this.state));
      this.placeThresholds();
      await this.loadTeacher();
    }
    this.optimizer = this.newOptimizer();
  }

  /** First thresholds from the scores of some training sentences. */
  private placeThresholds(): void {
    const { initial } = this.config.masks;
    const random = splitmix32(mixSeeds(this.config.seed, 2));
    const sample = shuffle([...this.prepared.train], random).slice(0, initial.examples);
    const scores = collectScores(this.state, sample);
    this.state.spread = scores.map(spreadOf);
    const thresholds = thresholdParameters(initialThresholds(scores, initial), this.state.spread);
    for (const [name, parameter] of thresholds) this.state.parameters.set(name, parameter);
  }

  private async loadTeacher(): Promise<void> {
    const { dense } = this.folder;
    // The settings of a sweep have one dense model: what it says is computed by the first and kept beside it.
    const own = { weights: dense, logits: (await this.folder.readOrigin()) ?? dense };
    this.teacher ??= await Teacher.load(own, this.state, this.examplesOf('soft'), this.config);
  }

  /** What an epoch of a phase goes through: phase 1 needs labels, the others have a teacher's. */
  private examplesOf(phase: PhaseName): readonly EncodedExample[] {
    const { train, unlabelled } = this.prepared;
    return phase === 'dense' || unlabelled.length === 0 ? train : [...train, ...unlabelled];
  }

  private totalExamples(phase: PhaseName): number {
    return Math.round(this.config.phases[phase].epochs * this.examplesOf(phase).length);
  }

  private async runPhase(phase: PhaseName): Promise<Evaluation> {
    const total = this.totalExamples(phase);
    this.listener.phase(phase, total, this.position.seen);
    const watchdog = new Watchdog(phase, this.guessingLoss(), this.folder.last);
    const collapse = new CollapseWatch(this.config.masks.keep);
    let means = new StepMeans();
    let since = { time: performance.now(), seen: this.position.seen };
    const evaluateEvery = this.evaluationInterval(phase);
    while (this.position.seen < total && !this.stepsExhausted(phase)) {
      const before = this.position.seen;
      const { result, norm, size, length } = this.step(phase, total);
      watchdog.check(this.position.step, result.loss, result.taskLoss, norm);
      if (phase === 'soft') this.warnOf(collapse.see(result.kept, length, this.position.lambda));
      means.add(result, size, norm);
      this.listener.examples(size);
      if (this.position.step % reportEvery === 0) {
        await this.report(phase, total, means, since);
        means = new StepMeans();
        since = { time: performance.now(), seen: this.position.seen };
      }
      if (this.position.step % this.config.checkpointEverySteps === 0) await this.writeLast();
      const crossed = Math.floor(before / evaluateEvery) !== Math.floor(this.position.seen / evaluateEvery);
      if (crossed && this.position.seen < total) await this.evaluateAndLog(phase, total);
      await nextTurn();
      if (this.stop.requested) await this.stopHere();
    }
    this.position = { ...this.position, phaseDone: true };
    const last = await this.evaluateAndLog(phase, total);
    await this.writeLast();
    return last;
  }

  /** In units of the numbers' variance it is 1 for a regression. */
  private guessingLoss(): number {
    const { problem, labels } = this.state.config;
    return problem === 'regression' ? 1 : Math.log(labels.length);
  }

  private async stopHere(): Promise<never> {
    await this.writeLast();
    throw new TrainingError(
      `stopped after step ${this.position.step}; --resume goes on from ${this.folder.last}`,
    );
  }

  private stepsExhausted(phase: PhaseName): boolean {
    const { maxSteps } = this.config.phases[phase];
    return maxSteps !== null && this.position.step >= maxSteps;
  }

  private evaluationInterval(phase: PhaseName): number {
    const { evaluationsPerEpoch } = this.config;
    return evaluationsPerEpoch === 0
      ? Number.POSITIVE_INFINITY
      : this.examplesOf(phase).length / evaluationsPerEpoch;
  }

  /** Batches of the current epoch; the order depends on seed, phase and epoch alone. */
  private epoch: { key: string; groups: EncodedExample[][] } = { key: '', groups: [] };

  private nextGroup(): EncodedExample[] {
    const { phase, epoch, batch } = this.position;
    const key = `${phase}/${epoch}`;
    if (this.epoch.key !== key) {
      const seed = mixSeeds(this.config.seed, 3, phaseNames.indexOf(phase), epoch);
      this.epoch = { key, groups: epochBatches(this.examplesOf(phase), this.config.batch, seed) };
    }
    const group = this.epoch.groups[batch]!;
    const isLast = batch + 1 === this.epoch.groups.length;
    this.position = {
      ...this.position,
      epoch: isLast ? epoch + 1 : epoch,
      batch: isLast ? 0 : batch + 1,
      seen: this.position.seen + group.length,
    };
    return group;
  }

  /** One optimizer step over one batch, or several with accumulation. */
  private step(
    phase: PhaseName,
    total: number,
  ): { result: StepResult; norm: number; size: number; length: number } {
    const progress = this.position.seen / total;
    const step = this.position.step + 1;
    const parts: Gradients[] = [];
    const { accumulation } = this.config.batch;
    let last: StepResult | null = null;
    let norm = 0;
    let size = 0;
    let length = 0;
    for (let part = 0; part < accumulation; part++) {
      const group = this.nextGroup();
      size += group.length;
      length = group.reduce((sum, { ids }) => sum + ids.length, 0) / group.length;
      const options = this.stepOptions(phase, progress, group, mixSeeds(this.config.seed, 4, step, part));
      trainingStep(this.state, this.weights, makeBatch(group), options, (result) => {
        last = result;
        if (accumulation === 1) norm = this.update(phase, progress, result.gradients);
        else parts.push(copyGradients(result.gradients));
      });
    }
    if (accumulation > 1) norm = this.update(phase, progress, meanGradients(parts));
    this.position = { ...this.position, step };
    const result = last as unknown as StepResult;
    if (phase === 'soft') this.adapt(result, progress, size / total);
    if (phase === 'hard' && progress < heldProgress) this.hold(result, progress);
    return { result, norm, size, length };
  }

  private update(phase: PhaseName, progress: number, gradients: Gradients): number {
    const settings = this.config.phases[phase];
    const factor = rateFactor(settings, progress);
    const thresholdRate = phase === 'soft' ? this.config.phases.soft.thresholdLearningRate : 0;
    // A regression's head learns in units of its numbers.
    const rate = (name: string): number => {
      if (name.startsWith('thresholds.')) return factor * thresholdRate;
      const unit = name.startsWith('classifier.') ? this.prepared.labelSpread : 1;
      return factor * unit * settings.learningRate;
    };
    return this.optimizer.apply(gradients, rate);
  }

  private warnOf(warning: string | null): void {
    if (warning) this.listener.note(`soft phase, step ${this.position.step}: ${warning}`);
  }

  /** After a step of the soft phase. `passed`: share of the phase in this step. */
  private adapt({ kept }: StepResult, progress: number, passed: number): void {
    const { keep, monotone } = this.config.masks;
    if (keep !== null) {
      const errors = shareErrors(kept, keep, progress);
      shiftThresholds(this.state.parameters, errors);
      const before = this.position.lambda;
      const lambda = typeof keep === 'number' ? adaptLambda(before, mean(errors), passed) : before;
      this.position = { ...this.position, lambda, kept: runningShares(this.position.kept, kept) };
    }
    constrainThresholds(this.state.parameters, this.state.spread!, monotone);
  }

  /** In target mode, thresholds follow the scores until late in the hard phase, on the way to the target at first. */
  private hold({ kept }: StepResult, progress: number): void {
    const { keep } = this.config.masks;
    const learned = this.position.kept;
    if (keep === null || !learned) return;
    const shares = targetShares(learned, keep).map((share, layer) =>
      annealed(learned[layer]!, share, progress / targetProgress),
    );
    holdShares(this.state.parameters, this.state.spread!, kept, shares);
  }

  private stepOptions(
    phase: PhaseName,
    progress: number,
    group: EncodedExample[],
    seed: number,
  ): StepOptions {
    const { freezeEmbeddings, ...model } = this.config.model;
    const { dropout } = this.config.phases[phase];
    const teacher = phase === 'dense' ? null : this.teacher;
    return {
      masks: this.stepMasks(phase, progress),
      dropout: { hidden: dropout ?? model.dropout, attention: dropout ?? model.attentionDropout, seed },
      distillation: teacher && { ...this.config.distillation, teacher: teacher.of(group) },
      freezeEmbeddings,
      labelSpread: this.prepared.labelSpread,
      precision: this.config.precision,
    };
  }

  private stepMasks(phase: PhaseName, progress: number): StepMasks {
    if (phase === 'dense') return { mode: 'none' };
    const { temperature, polarization, alpha, norm } = this.config.masks;
    const value =
      phase === 'soft' ? annealed(temperature.value, temperature.final, progress) : temperature.value;
    const temperatures = this.state.spread!.map((spread) =>
      temperature.rule === 'spread' ? value * spread : value,
    );
    if (phase === 'hard') return { mode: 'hard', temperatures, polarization: polarization.hard };
    const { lambda } = this.position;
    return { mode: 'soft', temperatures, polarization: polarization.soft, lambda, alpha, norm };
  }

  private async report(
    phase: PhaseName,
    total: number,
    means: StepMeans,
    since: { time: number; seen: number },
  ): Promise<void> {
    const settings = this.config.phases[phase];
    const progress = this.position.seen / total;
    const report = {
      phase,
      step: this.position.step,
      progress,
      ...means.means(),
      learningRate: settings.learningRate * rateFactor(settings, progress),
      lambda: phase === 'soft' ? this.position.lambda : null,
      thresholds: currentThresholds(this.state),
      examplesPerSecond: (1000 * (this.position.seen - since.seen)) / (performance.now() - since.time),
    };
    this.listener.step(report);
    await this.guardWrite(() => this.log.append('step', report));
  }

  private evaluateNow(phase: PhaseName): Evaluation {
    return evaluate(this.state, this.prepared.task, this.prepared.dev, { prune: phase !== 'dense' });
  }

  private async evaluateAndLog(phase: PhaseName, total: number): Promise<Evaluation> {
    const evaluation = this.evaluateNow(phase);
    const { step, seen } = this.position;
    const report = { phase, step, progress: seen / total, pruned: phase !== 'dense', ...evaluation };
    this.listener.evaluation(report);
    await this.guardWrite(() => this.log.append('evaluation', report));
    return evaluation;
  }

  private writeLast = (): Promise<void> =>
    this.guardWrite(() => this.folder.writeLast(this.state, this.optimizer, this.position));

  /** A full disk or a missing permission ends the run with one clear sentence. */
  private async guardWrite(write: () => Promise<void>): Promise<void> {
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

const copyGradients = ({ dense, words }: Gradients): Gradients => ({
  dense: new Map([...dense].map(([name, values]) => [name, values.slice()])),
  words: words && { ids: words.ids, rows: words.rows.slice() },
});
