/** Exit codes, and the base of all errors of this package. */
export const SUCCEEDED = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;
export const INTERRUPTED = 130;

/** An error that a caller may want to tell from others: `code` stays the same when messages change. */
export abstract class CipherPruneError extends Error {
  abstract readonly code: `ERR_${string}`;
}

/** The caller asked for something that is not offered: exit code 2. */
export class UsageError extends CipherPruneError {
  override name = 'UsageError';
  readonly code = 'ERR_USAGE';
}

/** A text that cannot be classified, for example an empty one. */
export class InputError extends CipherPruneError {
  override name = 'InputError';
  readonly code = 'ERR_INPUT';
}

/** A folder that results cannot be written to. */
export class OutputError extends CipherPruneError {
  override name = 'OutputError';
  readonly code = 'ERR_OUTPUT';
}

/** The user pressed Ctrl-C (or the process was told to end): exit code 130. */
export class InterruptedError extends CipherPruneError {
  override name = 'InterruptedError';
  readonly code = 'ERR_INTERRUPTED';
}

/** What is kept of a failure where others go on. An interruption is none: it is thrown again. */
export function failureMessage(error: unknown): string {
  if (error instanceof InterruptedError) throw error;
  return (error as Error).message;
}

/** Something needs a package that is optional and not installed. */
export class MissingPackageError extends CipherPruneError {
  override name = 'MissingPackageError';
  readonly code = 'ERR_MISSING_PACKAGE';
}

const MISSING = /^Cannot find package '(@[^/']+\/[^/']+|[^/']+)/;

/** Names the package that could not be loaded; every other error stays as it is. */
export function withMissingPackageNamed(error: unknown): unknown {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND')
    return error;
  const name = MISSING.exec(error.message)?.[1];
  if (name === undefined) return error;
  const message = `this needs the package ${name}, which is not installed: npm install ${name}`;
  return new MissingPackageError(message, { cause: error });
}
