/** Resolves when nobody can write to standard input any more: how a process notices that its parent ended. */
export const standardInputEnd = (): Promise<void> =>
  new Promise((resolve) => {
    process.stdin.once('end', resolve).once('close', resolve).once('error', resolve).resume();
  });
