/**
 * What a classifier is for, as data: any name, any classes, one text or two. Checkpoints and artifacts carry it. GLUE's tasks are
 * shorthands for such descriptions (data/sources/tasks.ts).
 */
import * as z from 'zod';

export const METRIC_NAMES = ['accuracy', 'f1', 'macroF1', 'matthews', 'pearson', 'spearman'] as const;
export type MetricName = (typeof METRIC_NAMES)[number];

/** Columns of a file of one's own, by the names in its header. */
export interface TaskColumns {
  readonly text: string;
  readonly textPair: string | null;
  readonly label: string;
}

/** What a model was trained for, beside its outputs: the model's configuration has their names and meaning. */
export interface TaskDescription {
  readonly name: string;
  /** Two texts or one; null where nobody has said. */
  readonly pair: boolean | null;
  /** The first is the one that models are compared by. */
  readonly metrics: readonly MetricName[];
  /** Of the file that it was trained on; null for a published task, and where nobody has said. */
  readonly columns: TaskColumns | null;
  /** Least and greatest number of a regression; null for classes, and where nobody has said. */
  readonly range: readonly [number, number] | null;
}

const columnName = z.string().min(1).max(200);

const descriptionSchema = z.strictObject({
  name: z.string().min(1).max(100),
  pair: z.boolean().nullable(),
  metrics: z.array(z.enum(METRIC_NAMES)).max(METRIC_NAMES.length),
  columns: z
    .strictObject({ text: columnName, textPair: columnName.nullable(), label: columnName })
    .nullable(),
  range: z.tuple([z.number(), z.number()]).nullable(),
});

/** A task of which only the name is known. */
export const namedTask = (name: string): TaskDescription => ({
  name,
  pair: null,
  metrics: [],
  columns: null,
  range: null,
});

/** As checkpoints and artifacts store it: older ones have a name only; null for a model that nobody has named a task for. */
export const storedTaskSchema = z
  .union([z.string().min(1).max(100).transform(namedTask), descriptionSchema], {
    error: 'expected the name of a task, or an object with name, pair, metrics, columns and range',
  })
  .nullable();

/** For messages. */
export const taskName = (task: TaskDescription | null): string =>
  task?.name ?? 'a task that nobody has named';
