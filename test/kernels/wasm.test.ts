import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kernels as chosen } from '#kernels';
import type { Kernels } from '../../kernels/kernels.js';
import { WasmInstance } from '../../kernels/wasm/instance.js';
import { readSources, sourcesDigest, TOOLCHAIN } from '../../scripts/wasm-sources.mjs';
import { packageFile, packageRoot } from '../../util/package-file.js';

const wasm: Kernels = (() => {
  const module = new WebAssembly.Module(readFileSync(packageFile('kernels', 'wasm', 'cipherprune.wasm')));
  return new WasmInstance((imports) => new WebAssembly.Instance(module, imports)).kernels();
})();

it('is made of the sources as they are: else run `node scripts/build-wasm.mjs`', () => {
  const made = JSON.parse(readFileSync(packageFile('kernels', 'wasm', 'sources.json'), 'utf8'));
  expect(made).toEqual({ digest: sourcesDigest(readSources(packageRoot())), toolchain: TOOLCHAIN });
});

it('has the same surface', () => {
  expect(Object.keys(wasm).sort()).toEqual(Object.keys(chosen).sort());
});

describe('arguments of a call into WebAssembly', () => {
  const bits = 37;
  const x = BigUint64Array.from(
    { length: 100 },
    (_, i) => (BigInt(i) * 987_654_321_987n) & ((1n << 37n) - 1n),
  );

  it('may be written over: the same array as input and output', () => {
    const [own, expected] = [x.slice(), new BigUint64Array(100)];
    chosen.ringAdd(x, x, bits, expected);
    wasm.ringAdd(own, own, bits, own);
    expect(own).toEqual(expected);
  });

  it('may overlap in one buffer, each part keeping its own', () => {
    const buffer = x.slice();
    wasm.ringAdd(buffer.subarray(0, 10), buffer.subarray(5, 15), bits, buffer.subarray(0, 10));
    const expected = new BigUint64Array(10);
    chosen.ringAdd(x.subarray(0, 10), x.subarray(5, 15), bits, expected);
    expect([...buffer.subarray(0, 10)]).toEqual([...expected]);
    expect([...buffer.subarray(10)]).toEqual([...x.subarray(10)]);
  });

  it('may be empty', () => {
    const none = new BigUint64Array(0);
    wasm.ringAdd(none, none, bits, none);
  });

  it('may be larger than the memory so far', () => {
    const large = new BigUint64Array(1 << 22).fill(3n);
    wasm.ringAdd(large, large, bits, large);
    expect(large.every((word) => word === 6n)).toBe(true);
  });

  it('are refused like those of the addon, and the next call works', () => {
    const call = (kernels: Kernels) => () => kernels.ringAdd(x, x, 65, x.slice());
    let message = '';
    try {
      call(wasm)();
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      message = (error as Error).message;
    }
    expect(call(chosen)).toThrow(message);
    expect(() => wasm.ringAdd(x, x, bits, new Uint8Array(800) as unknown as BigUint64Array)).toThrow(
      TypeError,
    );
    const out = new BigUint64Array(100);
    wasm.ringAdd(x, x, bits, out);
    expect(out[1]).toBe((2n * x[1]!) & ((1n << 37n) - 1n));
  });
});
