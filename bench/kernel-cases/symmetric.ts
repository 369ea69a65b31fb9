/** AES: hashing, generators, trees, and the shuffle's rows. */

import { kernels } from '#kernels';
import { matrixSums } from '../../inference/crypto/ggm/punctured-matrix.js';
import { bytes, HIDDEN, type KernelCase, target } from './kernel-case.js';

const BLOCKS = 1 << 16;
/** Half of the usual, since portable AES is slow. */
const SHUFFLED_ROWS = 64;

export function symmetricCases(): KernelCase[] {
  const blocks = { shape: `${BLOCKS} blocks`, unit: 'blocks', amount: BLOCKS };
  return [
    {
      ...blocks,
      name: 'fixed-key hash',
      bound: target(1e9),
      prepare: () => {
        const [x, out] = [bytes(16 * BLOCKS), new Uint8Array(16 * BLOCKS)];
        return () => kernels.hashBlocks(x, 0, out);
      },
    },
    {
      ...blocks,
      name: 'AES counter mode',
      bound: target(1e9),
      prepare: () => {
        const out = new Uint8Array(16 * BLOCKS);
        return () => kernels.prgFill(bytes(16), 0, out);
      },
    },
    {
      name: 'GGM level',
      shape: `${BLOCKS} children`,
      unit: 'leaves',
      amount: BLOCKS,
      bound: target(1e9),
      prepare: () => {
        const [parents, children] = [bytes(8 * BLOCKS), new Uint8Array(16 * BLOCKS)];
        return () => kernels.ggmDouble(parents, children);
      },
    },
    {
      name: 'shuffle row expansion',
      shape: `${SHUFFLED_ROWS} rows of ${HIDDEN} x 37 and ${HIDDEN} x 29 bits`,
      unit: 'blocks',
      amount: (SHUFFLED_ROWS ** 2 * HIDDEN * 12) / 16,
      bound: target(1e9),
      prepare: () => {
        const matrix = { salt: bytes(16), seeds: bytes(16 * SHUFFLED_ROWS ** 2), suite: 0 as const };
        const segments = [
          { columns: HIDDEN, ringBits: 37 },
          { columns: HIDDEN, ringBits: 29 },
        ];
        return () => matrixSums(matrix, SHUFFLED_ROWS, segments);
      },
    },
  ];
}
