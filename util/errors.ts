/** Exit codes, and the errors that choose one; every other error is a failure (1). */
export const SUCCEEDED = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;
export const INTERRUPTED = 130;

/** The user asked for something that the command line does not offer: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The user pressed Ctrl-C (or the process was told to end): exit code 130. */
export class InterruptedError extends Error {
  override name = 'InterruptedError';
}
