/** Phase 1: ordinary fine-tuning of the task, without masks but those of a rule that nothing is learned for. */
import type { EncodedExample } from '../loop/batches.js';
import type { StepMasks } from '../loop/step.js';
import { ruleMasks } from '../network/rule-masks.js';
import { Phase } from './phase.js';

export class DensePhase extends Phase {
  readonly name = 'dense';
  readonly prunes = ruleMasks(this.run.prepared.state) !== null;

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
