/** What distillation follows: the dense model of phase 1 on the training sentences, computed once. */
import type { RunConfig } from '../configs/schema.js';
import { readCheckpoint } from '../model/checkpoint.js';
import type { EncodedExample } from './batches.js';
import { predict } from './evaluate.js';
import type { ModelState } from './model-state.js';

export class Teacher {
  private constructor(
    private readonly places: ReadonlyMap<EncodedExample, number>,
    /** [examples, labels] */
    private readonly logits: Float32Array,
    private readonly labels: number,
  ) {}

  /** Null where the configuration distils nothing. directory: the dense model's checkpoint; examples: the training sentences. */
  static async load(
    directory: string,
    student: ModelState,
    examples: readonly EncodedExample[],
    { distillation, precision }: RunConfig,
  ): Promise<Teacher | null> {
    if (distillation.weight === 0) return null;
    const dense = await readCheckpoint(directory);
    const parameters = new Map(
      [...dense.tensors].map(([name, { shape, values }]) => [
        name,
        { shape, values: Float32Array.from(values) },
      ]),
    );
    const state = { ...student, parameters, spread: null };
    const { logits } = predict(state, examples, { prune: false, precision });
    const places = new Map(examples.map((example, i) => [example, i]));
    return new Teacher(places, logits, student.config.labels.length);
  }

  /** Its logits, [batch, labels]. */
  of(group: readonly EncodedExample[]): Float32Array {
    const rows = new Float32Array(group.length * this.labels);
    group.forEach((example, i) => {
      const from = this.places.get(example)! * this.labels;
      rows.set(this.logits.subarray(from, from + this.labels), i * this.labels);
    });
    return rows;
  }
}
