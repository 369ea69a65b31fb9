/** Work that does not wait for other work, at the same time where the backend can. */
import type { Backend } from '../backends/backend.js';

/** Runs tasks that need nothing of each other; results in their order. */
export async function sideBySide<First, Others extends readonly unknown[]>(
  mpc: Backend,
  first: (mpc: Backend) => Promise<First>,
  ...others: { readonly [K in keyof Others]: (mpc: Backend) => Promise<Others[K]> }
): Promise<[First, ...Others]> {
  const tasks: readonly ((mpc: Backend) => Promise<unknown>)[] = [first, ...others];
  if (mpc.together) return (await mpc.together(tasks)) as unknown as [First, ...Others];
  const results: unknown[] = [];
  for (const task of tasks) results.push(await task(mpc));
  return results as unknown as [First, ...Others];
}
