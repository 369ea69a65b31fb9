/** Phase 3: masks are 0 or 1 by the learned thresholds, which no gradient moves any more; weights are tuned to them. */
import { annealed } from '../loop/schedule.js';
import type { StepMasks } from '../loop/step.js';
import { holdShares, targetShares } from '../network/thresholds.js';
import { MaskedPhase } from './masked.js';
import type { StepTaken } from './phase.js';
import { settledSchedule } from './settle-schedule.js';

/** Where a share is to be met, parts of the phase at whose end it is reached, and at whose end thresholds stand still. */
const REACHED = 0.3;
const HELD = 0.8;

export class HardPhase extends MaskedPhase {
  readonly name = 'hard';

  /** Thresholds that follow no target stand still from the beginning. */
  override async begin(): Promise<void> {
    this.run.control.schedule = null;
    if (this.run.config.masks.keep === null) await this.#settle();
  }

  override async open(): Promise<void> {
    await super.open();
    const { schedule } = this.run.control;
    if (schedule) this.run.prepared.state.schedule = schedule;
  }

  /** From here on tokens are kept by rank, if that is what will run. */
  async #settle(): Promise<void> {
    const { config, control, prepared } = this.run;
    if (config.masks.opens === 'counts') return;
    control.schedule = await settledSchedule(this.run);
    prepared.state.schedule = control.schedule;
  }

  masks(): StepMasks {
    const { temperature, polarization } = this.run.config.masks;
    return {
      mode: 'hard',
      temperatures: this.temperatures(temperature.value),
      polarization: polarization.hard,
    };
  }

  override isSelectable(progress: number): boolean {
    return progress >= REACHED || this.run.config.masks.keep === null;
  }

  override async afterStep(taken: StepTaken): Promise<null> {
    if (taken.progress < HELD) this.hold(taken);
    else if (this.run.control.schedule === null) await this.#settle();
    return null;
  }

  /** Thresholds follow the scores, on the way to the target at first. */
  protected hold({ result, progress }: StepTaken): void {
    const { config, prepared, control } = this.run;
    const { keep } = config.masks;
    const learned = control.kept;
    if (keep === null || !learned) return;
    const shares = targetShares(learned, keep).map((share, layer) =>
      annealed(learned[layer]!, share, progress / REACHED),
    );
    const { parameters, spread } = prepared.state;
    holdShares(parameters, spread!, result.kept, shares);
  }
}
