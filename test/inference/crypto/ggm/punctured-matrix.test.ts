import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import {
  answerBytes,
  answerMessage,
  correctionBytes,
  correctionMessage,
  openAnswer,
  puncturedMatrixCots,
  sampleMatrix,
} from '../../../../inference/crypto/ggm/punctured-matrix.js';
import { samplePermutation } from '../../../../inference/crypto/permutation.js';
import { Prg } from '../../../../inference/crypto/prg.js';
import { insecureCotPairs } from '../../../support/insecure-cot-dealer.js';

const block = (blocks: Uint8Array, index: number): Uint8Array => blocks.subarray(16 * index, 16 * index + 16);

async function exchange(n: number, seed: number) {
  const [server, client] = insecureCotPairs(seed);
  const senderCots = await server.sender.take(puncturedMatrixCots(n));
  const receiverCots = await client.receiver.take(puncturedMatrixCots(n));
  const matrix = sampleMatrix(Prg.insecureForTests(seed + 1), n, server.suite);
  const permutation = samplePermutation(Prg.insecureForTests(seed + 2), n);
  const corrections = correctionMessage(receiverCots, permutation);
  const answer = answerMessage(senderCots, matrix, corrections);
  return {
    matrix,
    permutation,
    receiverCots,
    corrections,
    answer,
    known: openAnswer(receiverCots, permutation, answer),
  };
}

describe('punctured matrices', () => {
  it.each([2, 3, 5, 16, 33])('give the receiver every seed of %i rows but its own entry', async (n) => {
    const { matrix, permutation, corrections, answer, known } = await exchange(n, n);
    expect(corrections.length).toBe(correctionBytes(n));
    expect(answer.length).toBe(answerBytes(n));
    for (let row = 0; row < n; row++)
      for (let column = 0; column < n; column++) {
        const seed = block(matrix.seeds, row * n + column);
        const expected = column === permutation[row] ? new Uint8Array(16) : seed;
        expect(block(known.seeds, row * n + column)).toEqual(expected);
      }
  });

  it('hide the sums on the path: their pads are not those that the receiver holds', async () => {
    const n = 8;
    const { matrix, permutation, receiverCots, answer } = await exchange(n, 40);
    const pads = new Uint8Array(receiverCots.blocks.length);
    kernels.hashBlocks(receiverCots.blocks, receiverCots.tweak, pads);
    const seen = new Set<string>();
    for (let cot = 0; cot < puncturedMatrixCots(n); cot++) {
      const onPath = (permutation[Math.floor(cot / 3)]! >> (2 - (cot % 3))) & 1;
      for (const side of [0, 1]) {
        const masked = block(answer.subarray(16), 2 * cot + side);
        const opened = masked.map((byte, i) => byte ^ block(pads, cot)[i]!);
        expect(Buffer.from(opened).equals(block(matrix.levelSums, 2 * cot + side))).toBe(side !== onPath);
        seen.add(Buffer.from(masked).toString('hex'));
      }
    }
    expect(seen.size).toBe(2 * puncturedMatrixCots(n));
  });

  it('never use a salt or a root twice', () => {
    const random = Prg.insecureForTests(1);
    const first = sampleMatrix(random, 4, 0);
    const second = sampleMatrix(random, 4, 0);
    expect(first.salt).not.toEqual(second.salt);
    expect(block(first.seeds, 0)).not.toEqual(block(second.seeds, 0));
  });
});
