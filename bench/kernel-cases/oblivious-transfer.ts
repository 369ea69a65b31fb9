/** OT extension. */
import { kernels } from '#kernels';
import { bytes, type KernelCase, target } from './kernel-case.js';

const COLUMNS = 1 << 16;
const BLOCK_BYTES = 16;
/** SoftSpoken with four bits of delta a tree. */
const K = 4;
const TREES = 128 / K;
const KEY_BYTES = 176;
const TILES = 16;
const TILE_COTS = 4096;
const TILE_BYTES = TILE_COTS / 8;

function softSpokenCase(name: string, run: (keys: Uint8Array) => () => unknown): KernelCase {
  const cots = TILES * TILE_COTS;
  return {
    name,
    shape: `${cots} COTs, k = ${K}`,
    unit: 'COTs',
    amount: cots,
    bound: target(80e6),
    prepare: () => run(bytes(TREES * 2 ** K * KEY_BYTES)),
  };
}

export const obliviousTransferCases = (): KernelCase[] => [
  {
    name: 'bit transpose',
    shape: `128 x ${COLUMNS} bits`,
    unit: 'columns',
    amount: COLUMNS,
    bound: target(1e9),
    prepare: () => {
      const [rows, blocks] = [bytes((128 * COLUMNS) / 8), new Uint8Array(COLUMNS * BLOCK_BYTES)];
      return () => kernels.transposeBits(rows, blocks);
    },
  },
  softSpokenCase('SoftSpoken sender', (keys) => {
    const corrections = bytes(TILES * (TREES - 1) * TILE_BYTES);
    const blocks = new Uint8Array(TILES * TILE_COTS * BLOCK_BYTES);
    const delta = bytes(BLOCK_BYTES);
    return () => kernels.softSpokenSend(K, keys, delta, 0, corrections, blocks);
  }),
  softSpokenCase('SoftSpoken receiver', (keys) => {
    const corrections = new Uint8Array(TILES * (TREES - 1) * TILE_BYTES);
    const choices = new Uint8Array(TILES * TILE_COTS);
    const blocks = new Uint8Array(TILES * TILE_COTS * BLOCK_BYTES);
    return () => kernels.softSpokenReceive(K, keys, 0, corrections, choices, blocks);
  }),
];
