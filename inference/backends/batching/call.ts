/** A communicating operation that a lane waits for, and what makes calls of several lanes one. */
import type { Backend } from '../backend.js';

export interface Call<Input, Output> {
  /** Calls with equal keys (and the same `operand`) go together; null: this one goes alone. */
  readonly key: string | null;
  /** An object that the calls must share: a weight, a private row. */
  readonly operand?: object;
  readonly input: Input;
  /** Runs all inputs as one operation; one output for each. The same function in all calls of one key. */
  readonly run: (mpc: Backend, inputs: readonly Input[]) => Promise<readonly Output[]>;
}

/** In a queue of calls of all kinds. */
export type AnyCall = Call<unknown, unknown>;

export const goTogether = (a: AnyCall, b: AnyCall): boolean =>
  a.key !== null && a.key === b.key && a.operand === b.operand;
