import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fromElements, halfToFloat, toFloat32, toInt16 } from '../../../model/artifact/stored-tensor.js';
import {
  parseSafetensors,
  SafetensorsError,
  type StoredTensor,
  serializeSafetensors,
} from '../../../model/checkpoint/safetensors.js';
import {
  readSafetensors,
  readShardedSafetensors,
  writeSafetensors,
} from '../../../model/checkpoint/safetensors-file.js';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file from a header text and data bytes, without the writer. */
function handMade(header: string, data: number[] = []): Uint8Array {
  const json = new TextEncoder().encode(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  return Uint8Array.from([...length, ...json, ...data]);
}

describe('safetensors', () => {
  it('reads bytes laid out by hand', () => {
    const file = handMade(
      '{"a":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},"__metadata__":{"k":"v"}}',
      [1, 0, 0xff, 0xff],
    );
    const { tensors, metadata } = parseSafetensors(file);
    expect([...toInt16(tensors.get('a')!)]).toEqual([1, -1]);
    expect(metadata).toEqual({ k: 'v' });
  });

  it('returns what was written, for any dtypes and shapes', async () => {
    const element = fc.oneof(
      fc.float32Array({ minLength: 0, maxLength: 20 }),
      fc.int8Array({ maxLength: 20 }),
      fc.int16Array({ maxLength: 20 }),
      fc.bigInt64Array({ maxLength: 5 }),
    );
    const named = fc.dictionary(
      fc.string({ minLength: 1 }).filter((n) => n !== '__metadata__' && n !== '__proto__'),
      element,
    );
    fc.assert(
      fc.property(named, (dictionary) => {
        const tensors = new Map<string, StoredTensor>(
          Object.entries(dictionary).map(([name, values]) => [
            name,
            fromElements(values, [values.length, 1]),
          ]),
        );
        const back = parseSafetensors(serializeSafetensors(tensors)).tensors;
        expect(back.size).toBe(tensors.size);
        for (const [name, tensor] of tensors) {
          expect(back.get(name)!.dtype).toBe(tensor.dtype);
          expect(Buffer.compare(back.get(name)!.bytes, tensor.bytes)).toBe(0);
        }
      }),
    );
  });

  it('widens half floats exactly', () => {
    expect([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000].map(halfToFloat)).toEqual([
      1,
      -2,
      2 ** -24,
      65504,
      Number.POSITIVE_INFINITY,
      -0,
    ]);
    const f16: StoredTensor = { dtype: 'F16', shape: [2], bytes: Uint8Array.from([0x00, 0x3c, 0x55, 0x35]) };
    expect([...toFloat32(f16)]).toEqual([1, 0.333251953125]);
    const bf16: StoredTensor = {
      dtype: 'BF16',
      shape: [2],
      bytes: Uint8Array.from([0x80, 0x3f, 0x49, 0xc0]),
    };
    expect([...toFloat32(bf16)]).toEqual([1, -3.140625]);
  });

  it.each([
    ['empty', new Uint8Array(0), /at least 8 bytes/],
    ['header longer than the file', Uint8Array.from([255, 255, 255, 255, 0, 0, 0, 0, 1]), /does not fit/],
    ['header of 2^63 bytes', Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 128]), /does not fit/],
    ['no JSON', handMade('{"a":'), /not JSON/],
    ['an array', handMade('[]'), /not a JSON object/],
    [
      'unknown dtype',
      handMade('{"a":{"dtype":"F13","shape":[1],"data_offsets":[0,4]}}', [0, 0, 0, 0]),
      /tensor a: dtype/,
    ],
    [
      'negative shape',
      handMade('{"a":{"dtype":"I8","shape":[-1],"data_offsets":[0,1]}}', [0]),
      /tensor a: shape/,
    ],
    [
      'range beyond the data',
      handMade('{"a":{"dtype":"I8","shape":[9],"data_offsets":[0,9]}}', [0]),
      /range 0-9 of 1/,
    ],
    [
      'range of another length',
      handMade('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,2]}}', [0, 0]),
      /needs 4 bytes/,
    ],
    [
      'reversed range',
      handMade('{"a":{"dtype":"I8","shape":[0],"data_offsets":[1,0]}}', [0]),
      /needs 0 bytes/,
    ],
    [
      'overlap',
      handMade(
        '{"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"I8","shape":[2],"data_offsets":[1,3]}}',
        [0, 0, 0],
      ),
      /tensor b: expected to begin at byte 2/,
    ],
    [
      'trailing data',
      handMade('{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}', [0, 0]),
      /expected 1 bytes of data/,
    ],
  ])('refuses: %s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'some.safetensors')).toThrow(SafetensorsError);
    expect(() => parseSafetensors(bytes, 'some.safetensors')).toThrow(message);
    expect(() => parseSafetensors(bytes, 'some.safetensors')).toThrow(/some\.safetensors/);
  });

  it('every truncation of a good file is refused, and garbling never escapes SafetensorsError', () => {
    const good = serializeSafetensors(new Map([['w', fromElements(Float32Array.of(1, 2, 3), [3])]]));
    for (let length = 0; length < good.length; length++)
      expect(() => parseSafetensors(good.subarray(0, length))).toThrow(SafetensorsError);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bad = good.slice();
        bad[at] = value;
        try {
          parseSafetensors(bad);
        } catch (error) {
          expect(error).toBeInstanceOf(SafetensorsError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('writes by rename, leaving no temporary file, and replaces the old file', async () => {
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, 'old');
    await writeSafetensors(path, new Map([['w', fromElements(Int16Array.of(7), [1])]]), { format: 'pt' });
    expect((await readSafetensors(path)).metadata).toEqual({ format: 'pt' });
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
    await expect(writeSafetensors(join(folder, 'missing', 'x'), new Map())).rejects.toThrow(/ENOENT/);
  });

  it('reads shards by their index and names what is missing', async () => {
    await writeSafetensors(
      join(folder, 's1.safetensors'),
      new Map([['a', fromElements(Float32Array.of(1), [1])]]),
    );
    await writeSafetensors(
      join(folder, 's2.safetensors'),
      new Map([['b', fromElements(Float32Array.of(2), [1])]]),
    );
    const index = join(folder, 'model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ weight_map: { a: 's1.safetensors', b: 's2.safetensors' } }));
    const { tensors } = await readShardedSafetensors(index);
    expect([...tensors].map(([name, tensor]) => [name, toFloat32(tensor)[0]])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    writeFileSync(index, JSON.stringify({ weight_map: { a: 's1.safetensors', c: 's2.safetensors' } }));
    await expect(readShardedSafetensors(index)).rejects.toThrow(/tensor c: not in s2/);
    writeFileSync(index, JSON.stringify({ weight_map: { a: '../s1.safetensors' } }));
    await expect(readShardedSafetensors(index)).rejects.toThrow(/weight_map/);
    expect(readFileSync(index, 'utf8')).toContain('..');
  });
});
