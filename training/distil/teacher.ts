/** What distillation follows: the dense model of phase 1, or the mean of several, on the training sentences; computed once. */
import type { RunConfig } from '../../config/schema.js';
import { type Checkpoint, readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { type TaskDescription, taskName } from '../../model/task.js';
import { TrainingError } from '../errors.js';
import type { Watch } from '../evaluate/run-batches.js';
import type { EncodedExample } from '../loop/batches.js';
import { type ModelState, stateOfCheckpoint } from '../network/model-state.js';
import { teacherLogits } from './teacher-logits.js';

/** A checkpoint as a model without masks that reads the student's tokens. */
export function denseModel(checkpoint: Checkpoint, student: ModelState, directory: string): ModelState {
  const describe = (task: TaskDescription | null, labels: readonly string[], words: number): string =>
    `${taskName(task)} with ${labels.join(', ')} and ${words} word pieces`;
  const { config, details } = checkpoint;
  const { labels, vocabularySize } = student.config;
  const wanted = describe(student.task, labels, vocabularySize);
  const got = describe(details?.task ?? null, config.labels, config.vocabularySize);
  if (got !== wanted)
    throw new TrainingError(
      `distillation: teacher ${directory}: expected a model for ${wanted}, got one for ${got}`,
    );
  return { ...stateOfCheckpoint(checkpoint), maxTokens: student.maxTokens, spread: null };
}

export interface TeacherFolders {
  readonly weights: string;
  readonly logits: string;
  /** Its answers with exact functions in place of its method's. */
  readonly exact?: boolean;
}

export class Teacher {
  readonly #places: ReadonlyMap<EncodedExample, number>;
  /** [examples, labels] */
  readonly #logits: Float32Array;
  readonly #labels: number;

  private constructor(places: ReadonlyMap<EncodedExample, number>, logits: Float32Array, labels: number) {
    this.#places = places;
    this.#logits = logits;
    this.#labels = labels;
  }

  /** logits: [examples, labels] */
  static ofLogits(examples: readonly EncodedExample[], logits: Float32Array, labels: number): Teacher {
    return new Teacher(new Map(examples.map((example, i) => [example, i])), logits, labels);
  }

  /**
   * own: the checkpoint of the run's dense model, and where its logits are kept; examples: the training sentences.
   * @throws TrainingError if a teacher is not a model of the same task, tokens and classes
   */
  static async load(
    own: TeacherFolders,
    student: ModelState,
    examples: readonly EncodedExample[],
    { distillation, precision }: RunConfig,
    watch: Watch,
  ): Promise<Teacher> {
    const { teachers } = distillation;
    const given = teachers.map((folder): TeacherFolders => ({ weights: folder, logits: folder }));
    const folders = given.length > 0 ? given : [own];
    const labels = student.config.labels.length;
    const mean = new Float32Array(examples.length * labels);
    for (const [at, folder] of folders.entries()) {
      const state = denseModel(await readCheckpoint(folder.weights), student, folder.weights);
      const name = folders.length === 1 ? 'teacher' : `teacher ${at + 1} of ${folders.length}`;
      const afterBatch = watch(`answers of the ${name}`, examples.length);
      const logits = await teacherLogits(folder, state, examples, precision, afterBatch);
      logits.forEach((logit, i) => {
        mean[i] = mean[i]! + logit / folders.length;
      });
    }
    return Teacher.ofLogits(examples, mean, labels);
  }

  /** Its logits, [batch, labels]. */
  of(group: readonly EncodedExample[]): Float32Array {
    const rows = new Float32Array(group.length * this.#labels);
    group.forEach((example, i) => {
      const from = this.#places.get(example)! * this.#labels;
      rows.set(this.#logits.subarray(from, from + this.#labels), i * this.#labels);
    });
    return rows;
  }
}
