import { describe, expect, it } from 'vitest';
import { kernelKind, kernels } from '#kernels';
import { uniformWords } from '../../../../inference/backends/two-party/linear/product-session.js';
import { concatBytes } from '../../../../inference/core/bytes.js';
import { Prg } from '../../../../inference/crypto/prg.js';
import { expandEvaluationKeys, KeyGenerator, RowSeeds } from '../../../../inference/crypto/rlwe/keys.js';
import { fewestLimbs, noiseBudget } from '../../../../inference/crypto/rlwe/noise-budget.js';
import {
  keptWords,
  lastKIn,
  layoutWords,
  outputABytes,
  outputBBytes,
  type PackedLayout,
} from '../../../../inference/crypto/rlwe/packed-layout.js';
import {
  Decryptor,
  Encryptor,
  Evaluator,
  rowMajor,
} from '../../../../inference/crypto/rlwe/packed-product.js';
import { insecureKeys, insecureTestPreset } from '../../../support/insecure-rlwe.js';
import { availableIsas, withIsaAsync } from '../../../support/isa.js';

const parameters = insecureTestPreset(256);
const { random, generator, keys } = insecureKeys(parameters, 21);

interface Case {
  readonly kIn?: number;
  readonly kOut?: number;
  readonly rows?: number;
  readonly tokens?: number;
  readonly inputs?: number;
  readonly outputs?: number;
  readonly limbs?: number;
  readonly whole?: boolean;
}

function layoutOf({
  kIn = 16,
  kOut = 2,
  rows = 3,
  tokens = 4,
  whole = false,
  ...given
}: Case = {}): PackedLayout {
  const { inputs = kIn + 3, outputs = 37, limbs = 1 } = given;
  const shape = { batch: 2, rows, inputs, outputs, ringBits: 30, weightBits: 8 };
  const packed = { ...shape, n: parameters.n, tokens, kIn, kOut };
  const budget = fewestLimbs(parameters, packed, limbs);
  const fractions = { ...budget, aBits: 39, bBits: 34 };
  return { ...packed, budget: whole ? noiseBudget(parameters, packed, budget.limbs, 2)! : fractions };
}

/** An answer by the kernel: in one call, or half after half, the second of rows that the first one did not see. */
async function answerOf(layout: PackedLayout, apart: boolean): Promise<Uint8Array> {
  const seeded = Prg.insecureForTests(22);
  const { batch, rows, inputs, outputs, ringBits } = layout;
  const secret = new KeyGenerator(parameters, seeded).secretKey;
  const x = { data: uniformWords(seeded, batch * rows * inputs, ringBits), strides: rowMajor(rows, inputs) };
  const message = await new Encryptor(secret, seeded, 1).encrypt(layout, x);
  const kept = new Uint32Array(apart ? keptWords(layout) : 0);
  const common = {
    primes: parameters.modulusChain,
    layout: layoutWords(layout),
    publicKey: keys.publicKey,
    packingKeys: keys.packing.of(layout.kIn),
    lastPackingKeys: keys.packing.of(lastKIn(layout)),
    publicSeed: seeded.bytes(16),
    weights: uniformWords(seeded, batch * inputs * outputs, 8),
    weightBits: 8,
    weightStrides: Uint32Array.from(rowMajor(inputs, outputs)),
    floodBits: layout.budget.floodBits,
    secretSeed: seeded.bytes(16),
    kept,
    threads: 2,
  };
  const mask = uniformWords(seeded, batch * rows * outputs, ringBits);
  const maskStrides = Uint32Array.from(rowMajor(rows, outputs));
  const call = async (halves: 0 | 1 | 2, byteLength: number) => {
    const out = new Uint8Array(byteLength);
    const ready = new Int32Array(1);
    const seen =
      halves === 1
        ? { inputs: new Uint8Array(0), mask: new BigUint64Array(0), maskStrides: new Uint32Array(3) }
        : { inputs: message, mask, maskStrides };
    expect(await kernels.rlweEvaluatePacked({ ...common, ...seen, halves, out, ready })).toBe(0);
    expect(ready[0]).toBe(byteLength);
    return out;
  };
  const [a, b] = [outputABytes(layout), outputBBytes(layout)];
  return apart ? concatBytes(await call(1, a), await call(2, b)) : call(0, a + b);
}

describe('halves of an answer that are made apart', () => {
  it.each([
    {},
    { whole: true },
    { limbs: 3, outputs: 9 },
    { limbs: 5 },
    { limbs: 5, whole: true },
    { kIn: 1 },
    { kIn: 1, limbs: 5, whole: true },
    { kIn: 2, outputs: 5 },
    { rows: 1, tokens: 1, kOut: 16 },
    { rows: 2, tokens: 2, kIn: 8, kOut: 16 },
    { rows: 21, tokens: 32, kIn: 4 },
    { rows: 16, tokens: 16, kIn: 16, kOut: 1, limbs: 5 },
    { inputs: 4100, outputs: 3 },
  ])('are those of one call, bit for bit: %o', async (given) => {
    const layout = layoutOf(given);
    for (const { isa } of availableIsas)
      await withIsaAsync(isa, async () => {
        expect(await answerOf(layout, true)).toEqual(await answerOf(layout, false));
      });
  });

  it.skipIf(kernelKind !== 'native')('leave before the rows are there, half a', async () => {
    const layout = layoutOf();
    const { batch, rows, inputs, outputs, ringBits } = layout;
    const pieces: Uint8Array[] = [];
    const weights = {
      data: new Int16Array(batch * inputs * outputs).fill(3),
      bits: 8,
      strides: rowMajor(inputs, outputs),
    };
    const product = new Evaluator(keys, random, 1).begin(layout, weights, (piece) =>
      pieces.push(piece.slice()),
    );
    let give: (message: Uint8Array) => void = () => undefined;
    const message = new Promise<Uint8Array>((resolve) => {
      give = resolve;
    });
    const mask = {
      data: new BigUint64Array(batch * rows * outputs).fill(1n),
      strides: rowMajor(rows, outputs),
    };
    const answered = product.answer(message, mask);
    const lengthOf = () => pieces.reduce((sum, { length }) => sum + length, 0);
    await expect.poll(lengthOf).toBe(outputABytes(layout));
    const x = { data: new BigUint64Array(batch * rows * inputs).fill(5n), strides: rowMajor(rows, inputs) };
    give(await new Encryptor(generator.secretKey, random, 1).encrypt(layout, x));
    await answered;
    const share = { data: new BigUint64Array(mask.data.length), strides: mask.strides };
    await new Decryptor(generator.secretKey, 1).decrypt(layout, concatBytes(...pieces), share);
    expect(share.data).toEqual(share.data.map(() => BigInt.asUintN(ringBits, BigInt(15 * inputs - 1))));
  });
});

describe('seeds of halves a', () => {
  it('differ between products and keys, and are the same at both parties', () => {
    const own = new RowSeeds(random.bytes(16));
    const seeds = Array.from({ length: 1000 }, () => own.take().toString());
    expect(new Set(seeds).size).toBe(1000);
    const another = new KeyGenerator(parameters, random);
    const peer = expandEvaluationKeys(parameters, another.evaluationKeys());
    for (let i = 0; i < 5; i++) {
      const seed = another.secretKey.rowSeeds.take();
      expect(peer.rowSeeds.take()).toEqual(seed);
      expect(seeds).not.toContain(seed.toString());
    }
  });

  it('are used up by products that fail, and by every encryptor of a key', async () => {
    const { secretKey } = new KeyGenerator(parameters, random);
    const taken: string[] = [];
    const { take } = secretKey.rowSeeds;
    secretKey.rowSeeds.take = function () {
      const seed = take.call(this);
      taken.push(seed.toString());
      return seed;
    };
    const layout = layoutOf();
    const [one, other] = [new Encryptor(secretKey, random, 1), new Encryptor(secretKey, random, 1)];
    const x = { data: new BigUint64Array(1000), strides: rowMajor(layout.rows, layout.inputs) };
    await one.encrypt(layout, x);
    await expect(async () => other.encrypt(layout, { ...x, data: new BigUint64Array(1) })).rejects.toThrow(
      /strides/,
    );
    await other.encrypt(layout, x);
    await one.encrypt(layout, x);
    expect(new Set(taken).size).toBe(4);
  });
});
