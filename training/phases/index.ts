/** The phases of a run, in their order (CipherPrune, ICLR 2025; our changes are in docs/concepts/training.md). */
import type { PhaseName } from '../../config/schema.js';
import { DensePhase } from './dense.js';
import { phaseNames } from './epochs.js';
import { HardPhase } from './hard.js';
import type { Phase, RunContext } from './phase.js';
import { ReducePhase } from './reduce.js';
import { SoftPhase } from './soft.js';
import { AnswersPhase, LayersPhase } from './taught.js';

const PHASES: Readonly<Record<PhaseName, new (run: RunContext) => Phase>> = {
  dense: DensePhase,
  layers: LayersPhase,
  answers: AnswersPhase,
  soft: SoftPhase,
  hard: HardPhase,
};

export const phasesOf = (run: RunContext): Phase[] =>
  run.config.masks.low === null
    ? phaseNames(run.config).map((name) => new PHASES[name](run))
    : [new ReducePhase(run)];
