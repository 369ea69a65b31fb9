/** Every method, one line each. */
import { bolt, boltNoWordElimination } from './bolt/index.js';
import { bumblebee, bumblebeePrune } from './bumblebee/index.js';
import { cipherPrune, cipherPruneOnly, dense } from './cipherprune/index.js';
import { cipherPruneSwaps } from './cipherprune-swaps/index.js';
import type { Method } from './method.js';
import { mpcFormer, mpcFormerPrune } from './mpcformer/index.js';
import { puma, pumaPrune } from './puma/index.js';

export const METHODS: readonly Method[] = [
  cipherPrune,
  cipherPruneOnly,
  cipherPruneSwaps,
  dense,
  bolt,
  boltNoWordElimination,
  puma,
  pumaPrune,
  bumblebee,
  bumblebeePrune,
  mpcFormer,
  mpcFormerPrune,
];

export const DEFAULT_METHOD = cipherPrune;

/** @throws RangeError that lists the names */
export function methodNamed(name: string): Method {
  const method = METHODS.find((one) => one.name === name);
  if (method) return method;
  throw new RangeError(
    `method: expected one of ${METHODS.map((one) => one.name).join(', ')}, got ${JSON.stringify(name)}`,
  );
}
