/** A checkpoint that cannot be read or used; the message names file, expected and got. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}
