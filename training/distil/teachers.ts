/** The models that the phases of a run follow, by their answers or by their layers; each is loaded by the first that asks. */
import type { RunConfig } from '../../config/schema.js';
import { readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import type { Watch } from '../evaluate/run-batches.js';
import type { PreparedRun } from '../loop/prepare.js';
import type { RunFolder } from '../loop/run-folder.js';
import type { Followed } from './layers.js';
import { denseModel, Teacher } from './teacher.js';

/** The run's own model with exact functions, where it has had them, or that of phase 1 with the method's. */
export type OwnModel = 'exact' | 'dense';

interface FollowingRun {
  readonly config: RunConfig;
  readonly prepared: PreparedRun;
  readonly folder: RunFolder;
  readonly watch: Watch;
}

export class Teachers {
  readonly #run: FollowingRun;
  readonly #answers = new Map<OwnModel, Promise<Teacher>>();

  constructor(run: FollowingRun) {
    this.#run = run;
  }

  /** On the training sentences. A run that begins with a fine-tuned model follows that one. */
  async answers(own: OwnModel): Promise<Teacher> {
    const { prepared } = this.#run;
    if (prepared.teacher) return prepared.teacher;
    const known = this.#answers.get(own) ?? this.#load(own);
    this.#answers.set(own, known);
    return known;
  }

  async #load(own: OwnModel): Promise<Teacher> {
    const { folder, prepared, config, watch } = this.#run;
    const weights = folder[own];
    // The settings of a sweep have one dense model: what it says is computed by the first and kept beside it.
    const logits = (own === 'dense' ? await folder.readOrigin() : null) ?? weights;
    const examples = [...prepared.train, ...prepared.unlabelled];
    return Teacher.load({ weights, logits, exact: own === 'exact' }, prepared.state, examples, config, watch);
  }

  /** Likewise its layers. */
  async layers(own: OwnModel): Promise<Followed> {
    const { folder, prepared } = this.#run;
    if (prepared.original) return { state: prepared.original, exact: true };
    const state = denseModel(await readCheckpoint(folder[own]), prepared.state, folder[own]);
    return { state, exact: own === 'exact' };
  }
}
