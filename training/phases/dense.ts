/**
 * Phase 1: ordinary fine-tuning of the task, without masks but those of a rule that nothing is learned for; with exact functions where
 * phases of their own bring the network to the method's.
 */
import type { EncodedExample } from '../loop/batches.js';
import type { StepMasks } from '../loop/step.js';
import { ruleMasks } from '../network/rule-masks.js';
import { isTaught } from './epochs.js';
import { Phase } from './phase.js';

export class DensePhase extends Phase {
  readonly name = 'dense';
  override readonly exact = isTaught(this.run.config);
  readonly prunes = !this.exact && ruleMasks(this.run.prepared.state) !== null;

  readonly examples: readonly EncodedExample[] = this.run.prepared.train;

  override async open(): Promise<void> {
    this.teacher = this.run.prepared.teacher;
  }

  override isSelectable(): boolean {
    return true;
  }

  masks(): StepMasks {
    return { mode: 'none' };
  }
}
