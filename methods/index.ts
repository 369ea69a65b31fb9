/** Every method of the project, one line each, and those that are registered from elsewhere. */
import { bolt, boltNoWordElimination } from './bolt/index.js';
import { bumblebee, bumblebeePrune } from './bumblebee/index.js';
import { cipherPrune, cipherPruneOnly, dense } from './cipherprune/index.js';
import { cipherPruneLinear, cipherPruneLinearFeedForward } from './cipherprune-linear/index.js';
import { cipherPruneQuad, cipherPruneQuadSoftmax } from './cipherprune-quad/index.js';
import { cipherPruneSquares, cipherPruneSquaresFeedForward } from './cipherprune-squares/index.js';
import { cipherPruneSwaps } from './cipherprune-swaps/index.js';
import { iron } from './iron/index.js';
import type { Method } from './method.js';
import { mpcFormer, mpcFormerPrune } from './mpcformer/index.js';
import { puma, pumaPrune } from './puma/index.js';

export const METHODS: readonly Method[] = [
  cipherPrune,
  cipherPruneOnly,
  cipherPruneQuad,
  cipherPruneQuadSoftmax,
  cipherPruneLinear,
  cipherPruneLinearFeedForward,
  cipherPruneSquares,
  cipherPruneSquaresFeedForward,
  cipherPruneSwaps,
  dense,
  iron,
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

const registered = new Map<string, Method>();

/** As artifacts and configurations name methods. */
const NAME = /^[a-z][a-z0-9-]{0,63}$/;

/**
 * Makes a method of one's own known to this process: training, export and the engine find it by its name. Both parties register
 * it; the artifact has the digest of its numbers, which each compares with its own.
 * @throws RangeError if the name is taken or is none
 */
export function registerMethod(method: Method): void {
  const { name } = method;
  if (!NAME.test(name))
    throw new RangeError(
      `method: expected a name of lower-case letters, digits and hyphens, got ${JSON.stringify(name)}`,
    );
  if (registered.has(name) || METHODS.some((one) => one.name === name))
    throw new RangeError(`method ${name}: expected a name of its own, there is one already`);
  registered.set(name, method);
}

/** @throws RangeError that lists the names */
export function methodNamed(name: string): Method {
  const method = registered.get(name) ?? METHODS.find((one) => one.name === name);
  if (method) return method;
  const names = [...METHODS.map((one) => one.name), ...registered.keys()];
  throw new RangeError(`method: expected one of ${names.join(', ')}, got ${JSON.stringify(name)}`);
}
