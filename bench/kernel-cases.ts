/** What `bench kernels` runs: one line per kernel, at sizes that BERT-base uses. */
import { kernels } from '../kernels/addon.js';

/** What a kernel is held against. */
export interface Bound {
  /** Units of work a second. */
  readonly rate: number;
  readonly reason: string;
}

export interface KernelCase {
  readonly name: string;
  readonly shape: string;
  /** What is counted, in the plural. */
  readonly unit: string;
  /** Units of one run. */
  readonly amount: number;
  readonly bound: Bound;
  /** Makes the buffers and returns one run. */
  prepare(): () => unknown;
}

const perNanosecond = (reason: string): Bound => ({ rate: 1e9, reason });
const TARGET = 'design target, one core';

const words = (count: number, bits: number): BigUint64Array =>
  BigUint64Array.from({ length: count }, (_, i) => BigInt.asUintN(bits, BigInt(i + 1) * 0x9e3779b97f4a7c15n));

const bytes = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (i * 197 + 13) >> 2);

const ROWS = 128;
const HIDDEN = 768;
const RING_BITS = 37;
const BLOCKS = 1 << 16;

/** Elementwise kernels move memory: the bound is a copy of as many bytes. */
function ringCases(copyBytesPerSecond: number): KernelCase[] {
  const count = ROWS * HIDDEN;
  const moved = (bytesPerElement: number): Bound => ({
    rate: copyBytesPerSecond / bytesPerElement,
    reason: `copying as many bytes, ${(copyBytesPerSecond / 1e9).toFixed(1)} GB/s measured`,
  });
  const elementwise = { shape: `${ROWS} x ${HIDDEN}, ${RING_BITS} bits`, unit: 'elements', amount: count };
  return [
    {
      ...elementwise,
      name: 'ring add',
      bound: moved(12),
      prepare: () => {
        const [x, y, out] = [words(count, RING_BITS), words(count, RING_BITS), new BigUint64Array(count)];
        return () => kernels.ringAdd(x, y, RING_BITS, out);
      },
    },
    {
      ...elementwise,
      name: 'ring pack',
      bound: moved(8 + RING_BITS / 8),
      prepare: () => {
        const x = words(count, RING_BITS);
        const out = new Uint8Array(Math.ceil((count * RING_BITS) / 8));
        return () => kernels.ringPack(x, RING_BITS, out);
      },
    },
    {
      ...elementwise,
      name: 'ring unpack',
      bound: moved(8 + RING_BITS / 8),
      prepare: () => {
        const packed = bytes(Math.ceil((count * RING_BITS) / 8));
        const out = new BigUint64Array(count);
        return () => kernels.ringUnpack(packed, RING_BITS, out);
      },
    },
  ];
}

function symmetricCases(): KernelCase[] {
  const blocks = { shape: `${BLOCKS} blocks`, unit: 'blocks', amount: BLOCKS };
  return [
    {
      ...blocks,
      name: 'fixed-key hash',
      bound: perNanosecond(TARGET),
      prepare: () => {
        const [x, out] = [bytes(16 * BLOCKS), new Uint8Array(16 * BLOCKS)];
        return () => kernels.hashBlocks(x, 0, out);
      },
    },
    {
      ...blocks,
      name: 'AES counter mode',
      bound: perNanosecond(TARGET),
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
      bound: perNanosecond(TARGET),
      prepare: () => {
        const [parents, children] = [bytes(8 * BLOCKS), new Uint8Array(16 * BLOCKS)];
        return () => kernels.ggmDouble(parents, children);
      },
    },
    {
      name: 'shuffle row expansion',
      shape: `${ROWS} rows of ${HIDDEN} x 37 and ${HIDDEN} x 29 bits`,
      unit: 'blocks',
      amount: (ROWS * ROWS * HIDDEN * 12) / 16,
      bound: perNanosecond(TARGET),
      prepare: () => {
        const salt = bytes(16);
        const { seeds } = kernels.seedMatrixGrow(bytes(16 * ROWS), ROWS, salt);
        const segments = [
          { columns: HIDDEN, ringBits: 37 },
          { columns: HIDDEN, ringBits: 29 },
        ];
        return () => kernels.seedMatrixSums(seeds, ROWS, salt, segments);
      },
    },
  ];
}

/** The b half of a homomorphic product is a plain product modulo 2^k: here with a whole ring element a word. */
function productCases(): KernelCase[] {
  const outputs = 256;
  return [
    {
      name: 'ring product by 16-bit weights',
      shape: `${ROWS} x ${HIDDEN} x ${outputs}`,
      unit: 'multiply-adds',
      amount: ROWS * HIDDEN * outputs,
      bound: { rate: 23e9, reason: 'products of 26-bit residues by IFMA, one core, measured elsewhere' },
      prepare: () => {
        const x = words(ROWS * HIDDEN, RING_BITS);
        const w = Int16Array.from({ length: HIDDEN * outputs }, (_, i) => (i * 31) % 255);
        const out = new BigUint64Array(ROWS * outputs);
        return () => kernels.ringMatmulInt16(x, w, ROWS, HIDDEN, outputs, RING_BITS, out);
      },
    },
  ];
}

/** Bytes a second of a copy that stays in the second-level cache, as the kernels' buffers mostly do. */
export function measureCopy(): number {
  const [from, to] = [bytes(1 << 18), new Uint8Array(1 << 18)];
  let fastest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 50; run++) {
    const started = performance.now();
    for (let i = 0; i < 16; i++) to.set(from);
    fastest = Math.min(fastest, performance.now() - started);
  }
  // Read and written.
  return (2 * 16 * from.length) / (fastest / 1000);
}

export const kernelCases = (): readonly KernelCase[] => [
  ...ringCases(measureCopy()),
  ...productCases(),
  ...symmetricCases(),
];
