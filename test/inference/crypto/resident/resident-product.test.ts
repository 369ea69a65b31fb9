import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prg } from '../../../../inference/crypto/prg.js';
import {
  modulusBits,
  type ResidentParameters,
  residentPreset,
} from '../../../../inference/crypto/resident/parameters.js';
import {
  outputBlocks,
  type ResidentLayout,
  residentLayout,
  weightBytes,
} from '../../../../inference/crypto/resident/resident-layout.js';
import {
  decryptResident,
  encryptBlocks,
  multiplyResident,
  productBytes,
  productPieces,
} from '../../../../inference/crypto/resident/resident-product.js';
import { insecureResidentPreset } from '../../../support/insecure-rlwe.js';

const THREADS = 2;

function randomCase(
  seed: number,
  shape: { rows: number; inputs: number; outputs: number; ringBits: number },
) {
  const random = Prg.insecureForTests(seed);
  const { rows, inputs, outputs, ringBits } = shape;
  const words = (count: number) =>
    new BigUint64Array(random.bytes(8 * count).slice().buffer).map((w) => BigInt.asUintN(ringBits, w));
  const bytes = random.bytes(inputs * outputs);
  const matrix = Int16Array.from(bytes, (byte) => byte - 128);
  const seeds = { publicSeed: random.bytes(16).slice(), secretSeed: random.bytes(16).slice() };
  return { random, matrix, seeds, x: words(rows * inputs), mask: words(rows * outputs) };
}

/** x · W + mask modulo 2^ringBits, by BigInt. */
function expected(
  { x, mask, matrix }: ReturnType<typeof randomCase>,
  { rows, inputs, outputs, ringBits }: { rows: number; inputs: number; outputs: number; ringBits: number },
): bigint[] {
  return Array.from({ length: rows * outputs }, (_, at) => {
    const [i, o] = [Math.floor(at / outputs), at % outputs];
    let sum = mask[at]!;
    for (let c = 0; c < inputs; c++) sum += x[i * inputs + c]! * BigInt(matrix[c * outputs + o]!);
    return BigInt.asUintN(ringBits, sum);
  });
}

type Given = ReturnType<typeof randomCase>;

/** What the client sends, in one. */
async function messageOf(layout: ResidentLayout, { seeds, x, mask, random }: Given, blocks: Uint8Array) {
  const sent: Uint8Array[] = [];
  const weight = { publicSeed: seeds.publicSeed, blocks };
  await multiplyResident(layout, weight, x, mask, random, THREADS, (piece) => void sent.push(piece));
  return new Uint8Array(Buffer.concat(sent));
}

/** What the server makes of it, taken in its own pieces. */
function decrypted(layout: ResidentLayout, { seeds }: Given, rows: number, message: Uint8Array) {
  let begin = 0;
  const pieces = productPieces(layout, rows).map(({ byteLength }) => {
    begin += byteLength;
    return Promise.resolve(message.slice(begin - byteLength, begin));
  });
  return decryptResident(layout, seeds.secretSeed, rows, pieces, THREADS);
}

async function product(
  parameters: ResidentParameters,
  seed: number,
  shape: { rows: number; inputs: number; outputs: number; ringBits: number },
) {
  const layout = residentLayout(parameters, shape)!;
  const given = randomCase(seed, shape);
  const { seeds, matrix } = given;
  const blocks = await encryptBlocks(
    layout,
    seeds,
    matrix,
    { first: 0, count: outputBlocks(layout) },
    THREADS,
  );
  expect(blocks).toHaveLength(weightBytes(layout));
  const message = await messageOf(layout, given, blocks);
  expect(message).toHaveLength(productBytes(layout, shape.rows));
  const { share, noise } = await decrypted(layout, given, shape.rows, message);
  return { given, layout, blocks, message, share, noise };
}

describe('products with weights that stay at the client', () => {
  it('are x·W plus the mask, exactly, for all shapes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          rows: fc.integer({ min: 1, max: 9 }),
          inputs: fc.integer({ min: 1, max: 40 }),
          outputs: fc.integer({ min: 1, max: 40 }),
          ringBits: fc.constantFrom(25, 37, 38),
        }),
        fc.nat(),
        async (shape, seed) => {
          const { given, share } = await product(insecureResidentPreset, seed, shape);
          expect([...share]).toEqual(expected(given, shape));
        },
      ),
      { numRuns: 25 },
    ));

  it('are right over several parts of rows', async () => {
    const shape = { rows: 259, inputs: 3, outputs: 35, ringBits: 37 };
    const { given, share } = await product(insecureResidentPreset, 5, shape);
    expect([...share]).toEqual(expected(given, shape));
  });

  it('send nothing of blocks that hold what no server sends', async () => {
    const shape = { rows: 2, inputs: 9, outputs: 40, ringBits: 37 };
    const { given, layout, blocks, message } = await product(insecureResidentPreset, 3, shape);
    const sent: Uint8Array[] = [];
    const weight = { publicSeed: given.seeds.publicSeed, blocks: blocks.slice().fill(255) };
    const sending = multiplyResident(layout, weight, given.x, given.mask, given.random, THREADS, (piece) => {
      sent.push(piece);
    });
    await expect(sending).rejects.toThrow(/expected residues below their primes/);
    const halves = productPieces(layout, shape.rows)[0]!.byteLength;
    expect(halves).toBeLessThan(message.length);
    expect(sent.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(halves);
  });

  it('stay within the noise that the budget allows, at real parameters', async () => {
    const shape = { rows: 3, inputs: 768, outputs: 70, ringBits: 37 };
    const { given, share, noise, layout } = await product(residentPreset, 7, shape);
    expect([...share]).toEqual(expected(given, shape));
    // Rounding alone moves a phase by about 2^-41; half a step is 2^-38.
    expect(Math.log2(Number(noise)) - 64).toBeLessThan(-(shape.ringBits + 1));
    expect(layout.failureBits).toBeLessThan(-64);
    expect(Math.log2(Number(noise)) - 64).toBeGreaterThan(-(layout.bBits + 4));
  });

  it('come from the same bytes whenever they are encrypted, block by block', async () => {
    const shape = { rows: 1, inputs: 9, outputs: 40, ringBits: 37 };
    const { given, layout, blocks } = await product(insecureResidentPreset, 3, shape);
    const parts: number[] = [];
    for (let first = 0; first < outputBlocks(layout); first++)
      parts.push(...(await encryptBlocks(layout, given.seeds, given.matrix, { first, count: 1 }, 1)));
    expect(parts).toEqual([...blocks]);
  });

  it('are hidden anew each time', async () => {
    const shape = { rows: 2, inputs: 9, outputs: 20, ringBits: 37 };
    const { given, layout, blocks, message } = await product(insecureResidentPreset, 3, shape);
    const again = await messageOf(layout, given, blocks);
    // Of 2 · 2 · 64 + 40 coefficients of more than 39 bits hardly one is the same.
    const same = again.filter((byte, i) => byte === message[i]).length;
    expect(same).toBeLessThan(again.length / 50);
    const { share } = await decrypted(layout, given, shape.rows, again);
    expect([...share]).toEqual(expected(given, shape));
  });
});

describe('parameters of weights that stay', () => {
  it('flood by 2^40 times the noise, within the modulus and the standard', () => {
    for (const inputs of [768, 3072, 4096]) {
      const layout = residentLayout(residentPreset, { inputs, outputs: 768, ringBits: 37 })!;
      const noise = Math.log2(8 * 2 ** 36 * Math.sqrt(inputs * 10.5));
      expect(layout.floodBits - noise).toBeGreaterThanOrEqual(40);
      expect(layout.floodBits + 37 + 1).toBeLessThan(modulusBits(residentPreset));
    }
    // 109 bits in dimension 4096 and 218 in 8192, in proportion.
    expect(modulusBits(residentPreset)).toBeLessThan((109 / 4096) * residentPreset.n * residentPreset.rank);
    expect(residentLayout(residentPreset, { inputs: 768, outputs: 768, ringBits: 44 })).toBeNull();
  });
});
