import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { mod, bitsArbitrary, wordsOf, words, list } from './ring-values.js';

describe.each([0, 1, 2].filter((isa) => isa <= kernels.detectedIsa()))(
  'ring matrix products and streams, instruction set %i',
  (isa) => {
    beforeAll(() => kernels.limitIsa(isa));
    afterAll(() => kernels.limitIsa(2));

    it('multiplies batches of matrices', () => {
      const extents = fc.record({
        bits: fc.constantFrom(7, 37, 52, 53, 64),
        batch: fc.integer({ min: 1, max: 3 }),
        n: fc.integer({ min: 1, max: 19 }),
        k: fc.integer({ min: 1, max: 9 }),
        m: fc.integer({ min: 1, max: 35 }),
      });
      const cases = extents.chain((e) =>
        fc.tuple(fc.constant(e), wordsOf(e.batch * e.n * e.k, e.bits), wordsOf(e.batch * e.k * e.m, e.bits)),
      );
      fc.assert(
        fc.property(cases, ([{ bits, batch, n, k, m }, x, y]) => {
          const expected: bigint[] = [];
          for (let b = 0; b < batch; b++)
            for (let r = 0; r < n; r++)
              for (let c = 0; c < m; c++) {
                let sum = 0n;
                for (let i = 0; i < k; i++) sum += x[(b * n + r) * k + i]! * y[(b * k + i) * m + c]!;
                expected.push(mod(sum, bits));
              }
          const out = words(batch * n * m);
          kernels.ringMatmul(x, y, batch, n, k, m, bits, out);
          expect(list(out)).toEqual(expected);
        }),
        { numRuns: 40 },
      );
    });

    it.each([
      [37, 24],
      [37, 50],
      [60, 29],
    ])('multiplies by panels, in memory or from a stream, %i bits, %i columns', (bits, m) => {
      const [n, k, seed, suite] = [11, 520, new Uint8Array(16).fill(7), 1] as const;
      const x = BigUint64Array.from({ length: n * k }, (_, i) =>
        mod(BigInt(i + 1) * 0x9e3779b97f4a7c15n, bits),
      );
      const stream = new Uint8Array(8 * k * m);
      kernels.prgFill(seed, 3, stream, suite);
      const panels = new BigUint64Array(stream.buffer);
      // Entry (row, column) of the matrix.
      const at = (row: number, column: number): bigint => {
        const left = column - (column % 24);
        return panels[k * left + row * Math.min(24, m - left) + column - left]!;
      };
      const matrix = BigUint64Array.from({ length: k * m }, (_, i) =>
        mod(at(Math.floor(i / m), i % m), bits),
      );
      const expected = words(n * m);
      kernels.ringMatmul(x, matrix, 1, n, k, m, bits, expected);
      const [out, streamed] = [words(n * m).fill(99n), words(n * m).fill(1n)];
      kernels.ringMatmulPanels(x, panels, n, k, m, bits, 0, out);
      expect(out).toEqual(expected);
      kernels.streamMatmul(x, seed, 3, n, k, m, bits, 1, streamed, suite);
      expect(streamed).toEqual(expected.map((word) => mod(word + 1n, bits)));
    });

    it('makes, hides and adds words of a stream', () => {
      fc.assert(
        fc.property(
          bitsArbitrary,
          fc.integer({ min: 0, max: 2100 }),
          fc.uint8Array({ minLength: 16, maxLength: 16 }),
          (bits, count, seed) => {
            const stream = new Uint8Array(8 * count);
            kernels.prgFill(seed, 5, stream);
            const made = words(count);
            kernels.streamWords(seed, 5, bits, made);
            expect(list(made)).toEqual(
              list(new BigUint64Array(stream.buffer)).map((word) => mod(word, bits)),
            );
            const x = made.map((word, i) => mod(word * 3n + BigInt(i), bits));
            const packed = new Uint8Array(Math.ceil((count * bits) / 8));
            kernels.streamHide(x, seed, 5, bits, packed);
            const sum = words(count);
            kernels.ringUnpackAdd(packed, bits, made, sum);
            expect(sum).toEqual(x);
          },
        ),
        { numRuns: 20 },
      );
    });

    it.each([
      { bits: 37, n: 3, k: 1100, m: 5 },
      { bits: 60, n: 3, k: 1100, m: 5 },
      { bits: 37, n: 13, k: 40, m: 61 },
    ])('multiplies by 16-bit weights over several panels, %o', ({ bits, n, k, m }) => {
      const x = BigUint64Array.from({ length: n * k }, (_, i) =>
        mod(BigInt(i + 1) * 0x9e3779b97f4a7c15n, bits),
      );
      const w = Int16Array.from({ length: k * m }, (_, i) => ((i * 40503) % 65536) - 32768);
      const out = words(n * m);
      kernels.ringMatmulInt16(x, w, n, k, m, bits, out);
      const expected: bigint[] = [];
      for (let r = 0; r < n; r++)
        for (let c = 0; c < m; c++) {
          let sum = 0n;
          for (let i = 0; i < k; i++) sum += x[r * k + i]! * BigInt(w[i * m + c]!);
          expected.push(mod(sum, bits));
        }
      expect(list(out)).toEqual(expected);
    });

    it('multiplies by 16-bit weights on several threads', () => {
      const [n, k, m, bits] = [65, 512, 1_030, 37];
      const x = BigUint64Array.from({ length: n * k }, (_, i) => mod(BigInt(i) * 0x9e3779b97f4a7c15n, bits));
      const w = Int16Array.from({ length: k * m }, (_, i) => (i * 40503) % 4001);
      const [alone, split] = [words(n * m), words(n * m)];
      kernels.ringMatmulInt16(x, w, n, k, m, bits, alone);
      kernels.ringMatmulInt16(x, w, n, k, m, bits, split, 3);
      expect(split).toEqual(alone);
    });
  },
);
