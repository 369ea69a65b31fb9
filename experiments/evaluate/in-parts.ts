/** An evaluation in parts of a few examples each, which do not need each other. */
import type { Task } from '../../data/sources/tasks.js';
import { failureMessage } from '../../util/errors.js';
import { runPool } from '../work/pool.js';
import type { Runner } from '../work/runner.js';
import { type Evaluation, type ExampleRow, evaluationOf } from './evaluation.js';

export interface PartsOptions {
  readonly task: Task;
  /** The command without its part: `evaluate` and where model and data are. */
  readonly args: readonly string[];
  readonly examples: number;
  /** Examples of a part. */
  readonly size: number;
  readonly runner: Runner;
  readonly onPart: (rows: readonly ExampleRow[]) => void;
  readonly onLine: (line: string) => void;
}

/** The examples of each part. */
const partsOf = (examples: number, size: number): { from: number; limit: number }[] =>
  Array.from({ length: Math.ceil(examples / size) }, (_, part) => ({
    from: part * size,
    limit: Math.min(size, examples - part * size),
  }));

/**
 * Rows in the order of the examples, wherever they were made.
 * @throws Error if a part failed, after all the others; a runner that keeps results still has those of the others
 */
export async function evaluateInParts(
  options: PartsOptions,
): Promise<{ readonly rows: readonly ExampleRow[]; readonly evaluation: Evaluation }> {
  const { task, args, examples, size, runner, onPart, onLine } = options;
  const parts = partsOf(examples, size);
  const rows: ExampleRow[][] = [];
  const errors: string[] = [];
  await runPool(
    parts.map(({ from, limit }, at) => async () => {
      const words = [...args, '--from', String(from), '--limit', String(limit), '--rows', '--json'];
      try {
        const result = JSON.parse(await runner.run(words, onLine)) as { readonly rows: ExampleRow[] };
        rows[at] = result.rows;
        onPart(result.rows);
      } catch (error) {
        errors.push(`examples ${from} to ${from + limit - 1}: ${failureMessage(error)}`);
      }
    }),
    runner.parallel,
  );
  if (errors.length > 0)
    throw new Error(`evaluate: ${errors.length} of ${parts.length} parts failed: ${errors.join('; ')}`);
  await runner.forget?.();
  const all = rows.flat();
  return { rows: all, evaluation: evaluationOf(task, all) };
}
