/** A point of the paper: one command of this program, whose JSON output stays in a file. */

export interface Point {
  /** The command line; two points of the same one are one point. */
  readonly id: string;
  readonly args: readonly string[];
  /** About how long it takes on this machine. */
  readonly seconds: number;
  /** What the command does, where it is so little that a process of its own would take longer. */
  readonly here?: () => Promise<unknown>;
}

/** One line of the file. */
export type KeptPoint = {
  readonly id: string;
  /** Digest of the code that made it. */
  readonly code: string;
  readonly at: string;
} & (
  | { readonly status: 'done'; readonly seconds: number; readonly result: unknown }
  | { readonly status: 'failed'; readonly error: string }
);

export const pointOf = (args: readonly string[], seconds: number, here?: () => Promise<unknown>): Point => ({
  id: args.join(' '),
  args,
  seconds,
  ...(here ? { here } : {}),
});
