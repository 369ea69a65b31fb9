import { describe, expect, it } from 'vitest';
import { uniformWords } from '../../../../inference/backends/two-party/linear/product-session.js';
import { fewestLimbs } from '../../../../inference/crypto/rlwe/noise-budget.js';
import { keySwitches, lastKIn, type PackedLayout } from '../../../../inference/crypto/rlwe/packed-layout.js';
import {
  Decryptor,
  Encryptor,
  Evaluator,
  rowMajor,
} from '../../../../inference/crypto/rlwe/packed-product.js';
import { insecureKeys, insecureTestPreset } from '../../../support/insecure-rlwe.js';
import { availableIsas, withIsaAsync } from '../../../support/isa.js';

const parameters = insecureTestPreset(256);
const { random, generator, keys } = insecureKeys(parameters, 11);

interface Case {
  readonly kIn: number;
  readonly kOut: number;
  readonly outputs: number;
  readonly batch?: number;
  readonly limbs?: number;
}

function layoutOf({ kIn, kOut, outputs, batch = 1, limbs = 1 }: Case): PackedLayout {
  const shape = { batch, rows: 3, inputs: kIn + 3, outputs, ringBits: 30, weightBits: 8 };
  const packed = { ...shape, n: parameters.n, tokens: 4, kIn, kOut };
  return { ...packed, budget: fewestLimbs(parameters, packed, limbs) };
}

/** What is decrypted, and x·W - mask. */
async function multiply(layout: PackedLayout) {
  const { batch, rows, inputs, outputs, ringBits, weightBits } = layout;
  const x = uniformWords(random, batch * rows * inputs, ringBits);
  const mask = uniformWords(random, batch * rows * outputs, ringBits);
  const w = uniformWords(random, batch * inputs * outputs, weightBits);
  const message = await new Encryptor(generator.secretKey, random, 1).encrypt(layout, {
    data: x,
    strides: rowMajor(rows, inputs),
  });
  const pieces: Uint8Array[] = [];
  const weights = { data: w, bits: weightBits, strides: rowMajor(inputs, outputs) };
  const product = new Evaluator(keys, random, 2).begin(layout, weights, (piece) =>
    pieces.push(piece.slice()),
  );
  await product.answer(Promise.resolve(message), { data: mask, strides: rowMajor(rows, outputs) });
  const data = new BigUint64Array(mask.length);
  await new Decryptor(generator.secretKey, 1).decrypt(layout, new Uint8Array(Buffer.concat(pieces)), {
    data,
    strides: rowMajor(rows, outputs),
  });
  const expected = data.map((_, at) => {
    const [row, o] = [Math.floor(at / outputs), at % outputs];
    const b = Math.floor(row / rows);
    let sum = -mask[at]!;
    for (let c = 0; c < inputs; c++)
      sum += x[row * inputs + c]! * BigInt.asIntN(weightBits, w[(b * inputs + c) * outputs + o]!);
    return BigInt.asUintN(ringBits, sum);
  });
  return { data, expected };
}

describe('the last group of products', () => {
  it.each([
    [{ kIn: 16, kOut: 1, outputs: 1 }, 2, 2],
    [{ kIn: 16, kOut: 1, outputs: 2 }, 2, 2],
    [{ kIn: 16, kOut: 1, outputs: 3 }, 4, 4],
    [{ kIn: 16, kOut: 4, outputs: 19 }, 8, 8],
    [{ kIn: 16, kOut: 1, outputs: 16 }, 16, 16],
    [{ kIn: 16, kOut: 2, outputs: 33 }, 2, 18],
    [{ kIn: 16, kOut: 1, outputs: 21 }, 8, 24],
    [{ kIn: 16, kOut: 1, outputs: 9, batch: 3 }, 16, 32],
    [{ kIn: 16, kOut: 2, outputs: 11, batch: 3 }, 2, 18],
    [{ kIn: 2, kOut: 4, outputs: 9 }, 2, 4],
    [{ kIn: 1, kOut: 4, outputs: 9 }, 1, 0],
    [{ kIn: 16, kOut: 1, outputs: 20, limbs: 5 }, 4, 20],
  ])('is packed by as many as it takes: %o by %i', async (given, last, switches) => {
    const layout = layoutOf(given);
    expect([lastKIn(layout), keySwitches(layout)]).toEqual([last, switches]);
    for (const { isa } of availableIsas) {
      const { data, expected } = await withIsaAsync(isa, () => multiply(layout));
      expect(data).toEqual(expected);
    }
  });
});
