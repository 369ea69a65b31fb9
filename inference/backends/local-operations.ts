/** The local half of a backend, for those that stand before another and change only what communicates. */
import type { LocalOperations } from './backend.js';

/** Complete: a name that is missing or too many does not compile. */
const NAMES: Readonly<Record<keyof LocalOperations, true>> = {
  add: true,
  subtract: true,
  negate: true,
  addPublic: true,
  addPrivate: true,
  scale: true,
  combine: true,
  reinterpret: true,
  shiftLeft: true,
  expand: true,
  sum: true,
  slice: true,
  concat: true,
  reshape: true,
  transpose: true,
  gatherRows: true,
  broadcastRows: true,
  narrow: true,
  narrowLoosely: true,
  truncateReduce: true,
  constant: true,
  xor: true,
  not: true,
  sliceBits: true,
  concatBits: true,
  reshapeBits: true,
};

const isLocalOperation = (name: string | symbol): name is keyof LocalOperations =>
  typeof name === 'string' && Object.hasOwn(NAMES, name);

/** Their names. */
export const LOCAL_OPERATIONS: readonly (keyof LocalOperations)[] =
  Object.keys(NAMES).filter(isLocalOperation);

/** Those of `mpc`, for use without it. */
export const localOperations = (mpc: LocalOperations): LocalOperations =>
  Object.fromEntries(
    LOCAL_OPERATIONS.map((name) => [name, (mpc[name] as (...args: never[]) => unknown).bind(mpc)]),
  ) as unknown as LocalOperations;
