/**
 * Two phases that bring a network from the exact functions that it was fine-tuned with to the method's, where these are far from them
 * (MPCFormer, ICLR 2023, section 3.2): first every layer, then the answers.
 */
import type { EncodedExample } from '../loop/batches.js';
import type { StepMasks } from '../loop/step.js';
import { ruleMasks } from '../network/rule-masks.js';
import { Phase } from './phase.js';

abstract class TaughtPhase extends Phase {
  readonly prunes = ruleMasks(this.run.prepared.state) !== null;
  readonly examples: readonly EncodedExample[] = this.run.prepared.train;

  masks(): StepMasks {
    return { mode: 'none' };
  }
}

export class LayersPhase extends TaughtPhase {
  readonly name = 'layers';
  override readonly learnsTask = false;

  override async begin(): Promise<void> {
    const { folder, prepared } = this.run;
    await folder.writeModel(folder.exact, prepared.state);
  }

  override async open(): Promise<void> {
    this.followed = await this.run.followed('exact');
  }

  override get layersWeight(): number {
    return 1;
  }
}

export class AnswersPhase extends TaughtPhase {
  readonly name = 'answers';

  override async open(): Promise<void> {
    this.teacher = await this.run.teacher('exact');
  }

  override get teacherWeight(): number {
    return 1;
  }

  override isSelectable(): boolean {
    return true;
  }
}
