/** What a checkpoint from elsewhere does not say: its task, and the names of its classes. */
import { descriptionOf, type TaskName, tasks } from '../../data/sources/tasks.js';
import { type Checkpoint, type CheckpointDetails, maxTokensOf } from '../../model/checkpoint/checkpoint.js';
import { LabelError, type LabelMap, mapLabels, renameLabels } from '../../model/label-map.js';
import { namedTask } from '../../model/task.js';

/** The checkpoint with some of its details said: one from elsewhere has none. */
export function withDetails(checkpoint: Checkpoint, said: Partial<CheckpointDetails>): Checkpoint {
  const none = {
    task: null,
    maxTokens: maxTokensOf(checkpoint),
    prunes: false,
    reduces: false,
    thresholds: null,
  };
  return { ...checkpoint, details: { ...none, ...checkpoint.details, ...said } };
}

const withLabels = (checkpoint: Checkpoint, labels: readonly string[]): Checkpoint => ({
  ...checkpoint,
  config: { ...checkpoint.config, labels },
});

/** A GLUE task's own names of the classes, in the model's order, which stays. */
function glueLabels(name: TaskName, { config }: Checkpoint, said: LabelMap | null): readonly string[] {
  const task = tasks[name];
  if (task.problem !== config.problem)
    throw new LabelError(`task ${name}: expected a model of ${task.problem}, got one of ${config.problem}`);
  if (task.problem === 'regression') return task.labels;
  const places = mapLabels(config.labels, task.labels, said);
  if (places.includes(null) || new Set(places).size < places.length)
    throw new LabelError(
      `task ${name}: expected a model with the classes ${task.labels.join(', ')} alone, got one with ${config.labels.join(', ')}`,
    );
  return places.map((at) => task.labels[at!]!);
}

/**
 * The checkpoint with its task and the names of its classes, as the user says.
 * @throws LabelError where names do not tell which class of a GLUE task a class is, or where `said` names none of the model
 */
export function withTask(
  checkpoint: Checkpoint,
  task: string | undefined,
  said: LabelMap | null,
): Checkpoint {
  const isGlue = task !== undefined && Object.hasOwn(tasks, task);
  const glue = isGlue ? (task as TaskName) : null;
  const labels = glue ? glueLabels(glue, checkpoint, said) : renameLabels(checkpoint.config.labels, said);
  const named = withLabels(checkpoint, labels);
  if (task === undefined) return named;
  return withDetails(named, { task: glue ? descriptionOf(tasks[glue]) : namedTask(task) });
}
