/** What tests of float kernels share. */

import { kernels } from '#kernels';
import { splitmix32 } from '../../util/splitmix32.js';
import { availableIsas, withIsa } from '../support/isa.js';

const random = splitmix32(3);

export const floats = (size: number, scale = 1): Float32Array =>
  Float32Array.from({ length: size }, () => scale * (random() - 0.5));

export const onEveryIsa = (body: () => void): void => {
  for (const { isa } of availableIsas) withIsa(isa, body);
};

export const onTwoThreads = (): void => kernels.setFloatThreads(2);
