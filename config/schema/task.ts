/** What a run learns: a task of GLUE by its name, or one of its own. */
import * as z from 'zod';
import { METRIC_NAMES } from '../../model/task.js';

/** Names of GLUE's tasks as the command line spells them: shorthands for descriptions. */
const TASK_NAMES = ['sst2', 'mrpc', 'rte', 'qnli', 'mnli', 'mnli-mm', 'cola', 'qqp', 'stsb', 'wnli'] as const;
export type TaskName = (typeof TASK_NAMES)[number];

/** A task of one's own. */
const ownTask = z.strictObject({
  name: z.string().min(1).max(100),
  /** One class of several, or one number. */
  problem: z.enum(['classes', 'regression']).default('classes'),
  /** Columns of the files; absent: guessed where only one fits. */
  columns: z
    .strictObject({
      text: z.string().min(1),
      textPair: z.string().min(1).nullable().default(null),
      label: z.string().min(1),
    })
    .optional(),
  /** Names of the classes; absent: those of the training file, in order of first appearance. */
  labels: z.array(z.string().min(1).max(200)).min(1).optional(),
  /** The first is the one that models are compared by. */
  metrics: z.array(z.enum(METRIC_NAMES)).min(1).optional(),
  /** Of a regression: the least and the greatest number; absent: those of the training file. */
  range: z.tuple([z.number(), z.number()]).nullable().default(null),
});

export const task = z.union([z.enum(TASK_NAMES), ownTask], {
  error: `expected one of ${TASK_NAMES.join(', ')}, or a description with a name`,
});
