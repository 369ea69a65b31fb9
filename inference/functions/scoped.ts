/** Functions whose result is all that is used of what they make, so that its memory serves again (backends/scoped-backend.ts). */
import type { Backend } from '../backends/backend.js';

/** Local work. */
export function scopedLocally<T>(mpc: Backend, body: () => T): T {
  const scope = mpc.scope?.();
  if (!scope) return body();
  try {
    const result = body();
    scope.end(result);
    return result;
  } catch (error) {
    scope.abandon();
    throw error;
  }
}

export async function scoped<T>(mpc: Backend, body: () => Promise<T>): Promise<T> {
  const scope = mpc.scope?.();
  if (!scope) return body();
  try {
    const result = await body();
    scope.end(result);
    return result;
  } catch (error) {
    scope.abandon();
    throw error;
  }
}
