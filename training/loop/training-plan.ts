import type { PhaseName } from '../../config/schema.js';

/** What a phase will do. */
export interface PhasePlan {
  readonly phase: PhaseName;
  readonly epochs: number;
  /** Of one epoch. */
  readonly examples: number;
  readonly steps: number;
  /** Texts that teachers answer before the first step, those of each teacher. */
  readonly answers: number;
  /**
   * With those answers, by some steps of phase 1 and some answers on this machine: a token of other phases is taken to cost as much. Evaluations are
   * not counted.
   */
  readonly seconds: number;
}

/** What a run will do and about how long. */
export interface TrainingPlan {
  readonly phases: readonly PhasePlan[];
  readonly trainingExamples: number;
  readonly developmentExamples: number;
  readonly seconds: number;
}
