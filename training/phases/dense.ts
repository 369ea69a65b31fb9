/** Phase 1: ordinary fine-tuning of the task, without masks. */
import type { EncodedExample } from '../loop/batches.js';
import type { StepMasks } from '../loop/step.js';
import { Phase } from './phase.js';

export class DensePhase extends Phase {
  readonly name = 'dense';
  readonly prunes = false;

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
