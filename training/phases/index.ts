/** The phases of a run, in their order (CipherPrune, ICLR 2025; our changes are in docs/concepts/training.md). */
import { methodNamed } from '../../methods/index.js';
import { DensePhase } from './dense.js';
import { HardPhase } from './hard.js';
import type { Phase, RunContext } from './phase.js';
import { SoftPhase } from './soft.js';

/** Without masks, or thresholds that the method could learn, a run ends after the first. */
export const phasesOf = (run: RunContext): Phase[] =>
  run.config.masks.mode === 'none' || methodNamed(run.config.method).learns === 'nothing'
    ? [new DensePhase(run)]
    : [new DensePhase(run), new SoftPhase(run), new HardPhase(run)];
