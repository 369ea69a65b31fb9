/** Training that cannot go on: what happened, in which phase and step, and which checkpoint is still good. */
export class TrainingError extends Error {
  override name = 'TrainingError';
}
