/** Which phases a run has, and how long they are. */
import type { PhaseName, RunConfig } from '../../config/schema.js';
import { methodNamed } from '../../methods/index.js';

/** In epochs of phase 1, for methods that are taught layer by layer. Layers are far from where they shall be; then answers are near. */
const TAUGHT = { layers: 3, answers: 1 } as const;

/** Epochs of a phase: as configured, or as suits the method. */
export function epochsOf({ phases, method }: RunConfig, phase: PhaseName): number {
  if (phase !== 'layers' && phase !== 'answers') return phases[phase].epochs;
  const byMethod = methodNamed(method).taught === 'layer by layer' ? TAUGHT[phase] * phases.dense.epochs : 0;
  return phases[phase].epochs ?? byMethod;
}

/** Whether the network is brought from exact functions to the method's by phases of their own. */
export const isTaught = (config: RunConfig): boolean =>
  epochsOf(config, 'layers') > 0 || epochsOf(config, 'answers') > 0;

/**
 * In their order. A fine-tuned model that a run begins with has its exact functions already. Without masks, or thresholds that the
 * method could learn, a run has no phases of masks; one that begins with a model that prunes has the last alone.
 */
export function phaseNames(config: RunConfig): PhaseName[] {
  if (config.masks.low !== null) return ['hard'];
  const taught = isTaught(config);
  const isMasked = config.masks.mode !== 'none' && methodNamed(config.method).learns !== 'nothing';
  return [
    ...(taught && config.distillation.fromStart ? [] : (['dense'] as const)),
    ...(taught ? (['layers', 'answers'] as const) : []),
    ...(isMasked ? (['soft', 'hard'] as const) : []),
  ];
}
