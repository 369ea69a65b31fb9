/** What the two phases with masks share: a teacher labels their texts, and temperatures are in units of the scores' spread. */
import type { Followed } from '../distil/layers.js';
import type { Teacher } from '../distil/teacher.js';
import type { EncodedExample } from '../loop/batches.js';
import { Phase } from './phase.js';

export abstract class MaskedPhase extends Phase {
  readonly prunes = true;

  /** Training examples, and texts that only the teacher labels. */
  readonly examples: readonly EncodedExample[] = [
    ...this.run.prepared.train,
    ...this.run.prepared.unlabelled,
  ];

  override async open(): Promise<void> {
    const { weight, layers } = this.run.config.distillation;
    if (weight > 0) this.teacher = await this.loadTeacher();
    if (layers > 0) this.followed = await this.loadFollowed();
  }

  protected loadTeacher(): Promise<Teacher> {
    return this.run.teacher('dense');
  }

  protected loadFollowed(): Promise<Followed> {
    return this.run.followed('dense');
  }

  /** Per pruning layer, on n·S. value: as masks.temperature says it */
  protected temperatures(value: number): number[] {
    const { rule } = this.run.config.masks.temperature;
    return this.run.prepared.state.spread!.map((spread) => (rule === 'spread' ? value * spread : value));
  }
}
