/** What the loop knows of a phase. Everything that CipherPrune adds to ordinary training happens behind this interface. */

import type { PhaseName, RunConfig } from '../../config/schema.js';
import type { Schedule } from '../../model/artifact/schedule.js';
import type { Followed } from '../distil/layers.js';
import type { Teacher } from '../distil/teacher.js';
import type { OwnModel } from '../distil/teachers.js';
import type { Watch } from '../evaluate/run-batches.js';
import type { EncodedExample } from '../loop/batches.js';
import type { RateOf } from '../loop/optimizer.js';
import type { PreparedRun } from '../loop/prepare.js';
import type { RunFolder } from '../loop/run-folder.js';
import { rateFactor } from '../loop/schedule.js';
import type { StepMasks, StepResult } from '../loop/step.js';
import { isReduced, isThreshold } from '../network/parameters.js';
import { epochsOf } from './epochs.js';

/** Layers of low degree are new, where all others have been learned before. */
const REDUCED_PACE = 5;

/** What the controllers of the soft and the hard phase remember from step to step; a checkpoint keeps it. */
export interface Control {
  /** Weight of the mask losses, adapted where a share is to be met. */
  lambda: number;
  /** Kept shares per layer, a running mean over the soft phase: what the hard phase holds where a share is to be met. */
  kept: readonly number[] | null;
  /** Public numbers of tokens, once the hard phase has measured them. */
  schedule: Schedule | null;
}

/** What the phases of a run share. */
export interface RunContext {
  readonly config: RunConfig;
  readonly prepared: PreparedRun;
  readonly folder: RunFolder;
  readonly control: Control;
  /** What answers are followed, and what layers. */
  readonly teacher: (own: OwnModel) => Promise<Teacher>;
  readonly followed: (own: OwnModel) => Promise<Followed>;
  readonly watch: Watch;
}

/** One step of the optimizer, as a phase learns of it. */
export interface StepTaken {
  readonly result: StepResult;
  readonly step: number;
  /** Share of the phase that was done before the step, 0 to 1, and share that the step is. */
  readonly progress: number;
  readonly passed: number;
  /** Mean tokens of a text of the step. */
  readonly length: number;
}

export abstract class Phase {
  abstract readonly name: PhaseName;
  /** Whether the model has masks. */
  abstract readonly prunes: boolean;
  /** What an epoch goes through. */
  abstract readonly examples: readonly EncodedExample[];
  /** With exact functions and all tokens, whatever the method. */
  readonly exact: boolean = false;
  /** Whether the loss is of the task or of answers, not of layers alone. */
  readonly learnsTask: boolean = true;
  /** Whose answers this phase distils, and whose layers; null for none. */
  teacher: Teacher | null = null;
  followed: Followed | null = null;

  constructor(protected readonly run: RunContext) {}

  /** Once, before the first step. */
  async begin(): Promise<void> {}

  /** After `begin`, or in its place where a run is resumed within the phase. */
  async open(): Promise<void> {}

  /** How masks act at a point of the phase, 0 to 1. */
  abstract masks(progress: number): StepMasks;

  /** Adapts thresholds and control; the result is a sentence to show, mostly null. */
  async afterStep(_taken: StepTaken): Promise<string | null> {
    return null;
  }

  /** Whether a model of this point of the phase may be the one that it ends with. */
  isSelectable(_progress: number): boolean {
    return false;
  }

  /** Learning rate of thresholds. */
  protected readonly thresholdRate: number = 0;

  get settings(): RunConfig['phases'][PhaseName] {
    return this.run.config.phases[this.name];
  }

  /** Examples to see until the phase is done. */
  get total(): number {
    return Math.round(epochsOf(this.run.config, this.name) * this.examples.length);
  }

  /** Of the loss that follows answers, and of the one that follows layers. */
  get teacherWeight(): number {
    return this.run.config.distillation.weight;
  }

  get layersWeight(): number {
    return this.run.config.distillation.layers;
  }

  /** λ where it acts. */
  get lambda(): number | null {
    return null;
  }

  learningRate(progress: number): number {
    return this.settings.learningRate * rateFactor(this.settings, progress);
  }

  /** Learning rates at a point of the phase. A regression's head learns in units of its numbers. */
  rates(progress: number): RateOf {
    const factor = rateFactor(this.settings, progress);
    return (name) => {
      if (isThreshold(name)) return factor * this.thresholdRate;
      const unit = name.startsWith('classifier.') ? this.run.prepared.labelSpread : 1;
      return factor * unit * (isReduced(name) ? REDUCED_PACE : 1) * this.settings.learningRate;
    };
  }
}
