/** A data set that cannot be used; the message names file, expected and got. */
export class DatasetError extends Error {
  override name = 'DatasetError';
}
