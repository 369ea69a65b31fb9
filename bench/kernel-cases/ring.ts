/** Arithmetic modulo 2^k. */
import { kernels } from '#kernels';
import { type Bound, bytes, HIDDEN, type KernelCase, RING_BITS, ROWS, words } from './kernel-case.js';

/** Bytes a second of a copy that stays in the second-level cache, as the kernels' buffers mostly do. */
function measureCopy(): number {
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

/** Elementwise kernels move memory: the bound is a copy of as many bytes. */
function elementwiseCases(copyBytesPerSecond: number): KernelCase[] {
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

/** The server's own share of a linear layer. */
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

export const ringCases = (): KernelCase[] => [...elementwiseCases(measureCopy()), ...productCases()];
