/**
 * The attack of a security review on answers: a client sends one text 4,000 times, and explains the differences of the answers
 * by the rounding errors of its own shares, which it knows. The slopes are the classifier's weights. Real protocols, from
 * the pooler on; a model without encoder layers.
 *
 * The first test runs the head of 6373bb7, kept here, which truncated locally and opened logits in full: the attack works.
 * The others run the engine's own: with the head of 6373bb7 in their place they fail.
 */
import { expect, it } from 'vitest';
import type { Backend } from '../../inference/backends/backend.js';
import { runBatch } from '../../inference/backends/batching/run-batch.js';
import { dataOf } from '../../inference/backends/local-backend.js';
import { type AnswerTerms, FINEST_LOGITS, MOST_ANSWER_BITS } from '../../inference/core/answer.js';
import { decode } from '../../inference/core/ring-tensor.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { Prg } from '../../inference/crypto/prg.js';
import { classify } from '../../inference/engine/classify.js';
import { shareEmbedding } from '../../inference/engine/embedding.js';
import { headPlan } from '../../inference/engine/plan.js';
import { type PreparedModel, prepareModel } from '../../inference/engine/prepare.js';
import { clamp } from '../../inference/functions/clamp.js';
import { convert, shrink, signedBits } from '../../inference/functions/fixed-point.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { setupTwoParty } from '../../inference/run/engine-party.js';
import { createSession } from '../../inference/session/create-session.js';
import { tanhApproximation } from '../../methods/cipherprune/numbers.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { correlation, slopes } from './regression.js';

const REPEATS = 4_000;
const HIDDEN = 64;
const TEXT = { ids: [2], tokenTypes: [0] };
const artifact = tinyArtifact({ seed: 5, config: { hiddenSize: HIDDEN } });
const { values, outputs } = artifact.private.classifier.matrix;
const secretColumn = (label: number) =>
  Array.from({ length: HIDDEN }, (_, i) => values[i * outputs + label]!);

type Head = (mpc: Backend, model: PreparedModel, isClient: boolean) => Promise<readonly number[]>;

/** Rounding errors of the client's own share, by operation that rounds, in the order of the protocol: [operation][HIDDEN] */
type Known = Float64Array[];

/** Notes what the client knows when `x`, one number a feature or rows of these, loses `bits` bits. */
function noteRounding(known: Known, x: SharedTensor, bits: number): void {
  const words = dataOf(x);
  if (words.length % HIDDEN !== 0 || bits === 0) return;
  for (let at = 0; at < words.length; at += HIDDEN)
    known.push(
      Float64Array.from(
        words.subarray(at, at + HIDDEN),
        (word) => Number(BigInt.asUintN(bits, -word)) / 2 ** bits,
      ),
    );
}

const observing = (mpc: Backend, known: Known): Backend =>
  new Proxy(mpc, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name !== 'truncateReduce' && name !== 'round') return member.bind(target);
      return (x: SharedTensor, bits: number) => {
        noteRounding(known, x, bits);
        return member.call(target, x, bits);
      };
    },
  });

/** As 6373bb7 had it: tanh with local truncation, logits opened in full. */
const oldHead: Head = async (mpc, model, isClient) => {
  const [c0, c1, c2, c3, c4] = tanhApproximation.coefficients;
  const { clip } = tanhApproximation;
  const plan = headPlan(model.public);
  const input = await shareEmbedding(mpc, model.public, isClient ? TEXT : null, 1);
  const x = mpc.reshape(await mpc.linear(input, model.pooler), [HIDDEN]);
  const narrowFormat = { ringBits: signedBits(plan.inputRange + clip, 12), fractionBits: 12 };
  const narrow = await convert(mpc, x, narrowFormat, plan.inputRange);
  const { inner: y } = await clamp(mpc, narrow, [{ count: HIDDEN, clip }], plan.inputRange);
  const wide = await convert(mpc, y, { ringBits: 64, fractionBits: 12 }, 4);
  const z = shrink(mpc, mpc.reinterpret(await mpc.square(wide), 27), { ringBits: 49, fractionBits: 12 });
  const w = mpc.truncateReduce(await mpc.square(z), 12);
  const small = mpc.narrow(z, w.ringBits);
  const upper = mpc.addPublic(mpc.add(mpc.scale(small, c3, 12), mpc.scale(w, c4, 12)), c2);
  const factor = await convert(mpc, upper, { ringBits: w.ringBits, fractionBits: 12 }, 8);
  const line = mpc.addPublic(mpc.scale(small, c1, 12), c0);
  const sum = mpc.add(await mpc.multiply(w, factor), line);
  const even = await convert(mpc, sum, { ringBits: 37, fractionBits: 12 }, 2);
  const pooled = await convert(mpc, await mpc.multiply(mpc.narrow(wide, 37), even), plan.out, 2);
  const logits = await mpc.linear(mpc.reshape(pooled, [1, HIDDEN]), model.classifier);
  const opened = await mpc.reveal(logits, 'client', 'logits');
  return opened ? Array.from(decode(opened)) : [];
};

const engineHead =
  (terms: AnswerTerms): Head =>
  async (mpc, model, isClient) => {
    const { logits, probabilities } = await classify(mpc, model, isClient ? TEXT : null, 1, terms);
    return logits ?? probabilities ?? [];
  };

/** What the client has after all repeats. */
async function repeated(head: Head): Promise<{ answers: (readonly number[])[]; known: Known[] }> {
  const channels = memoryChannelPair();
  const known: Known[] = Array.from({ length: REPEATS }, () => []);
  const run = async (self: 'server' | 'client', at: 0 | 1) => {
    const random = Prg.insecureForTests(31 + at);
    const { mpc } = await setupTwoParty(createSession({ self, channel: channels[at], random }));
    const secret = self === 'server' ? artifact.private : null;
    const model = { ...(await prepareModel(mpc, artifact.public, secret)), layers: [] };
    const isClient = self === 'client';
    // What could be made ahead was not, and nothing runs beside: so each lane rounds by itself, where it is seen.
    return runBatch(mpc, REPEATS, ({ lines: _, together: __, ...lane }, i) =>
      head(isClient ? observing(lane, known[i]!) : lane, model, isClient),
    );
  };
  const [, answers] = await Promise.all([run('server', 0), run('client', 1)]);
  return { answers, known };
}

/** The best that the attack does: over all operations that round, and all labels. */
function bestCorrelation(answers: readonly (readonly number[])[], known: readonly Known[]): number {
  const found = known[0]!.flatMap((_, operation) => {
    const rows = known.map((each) => each[operation]!);
    return answers[0]!.map((_, label) => {
      const y = answers.map((answer) => answer[label]!);
      return Math.abs(correlation(slopes(rows, y), secretColumn(label)));
    });
  });
  return Math.max(...found);
}

/** Of so many attempts with random slopes hardly one in a hundred is as good. */
const CHANCE = 4.2 / Math.sqrt(HIDDEN - 1);

it('recovers the classifier from 4,000 repeats where roundings are known and logits are exact', async () => {
  const { answers, known } = await repeated(oldHead);
  const best = bestCorrelation(answers, known);
  expect(best).toBeGreaterThan(0.7);
  expect(best).toBeGreaterThan(CHANCE);
}, 400_000);

it('learns nothing from the finest logits: all repeats have one answer', async () => {
  const { answers, known } = await repeated(engineHead(FINEST_LOGITS));
  expect(known[0]!.length).toBeGreaterThan(3);
  expect(new Set(answers.map(String)).size).toBe(1);
}, 400_000);

it('does not beat chance with the finest probabilities, whose own rounding varies', async () => {
  const { answers, known } = await repeated(engineHead({ kind: 'probability', bits: MOST_ANSWER_BITS }));
  expect(known[0]!.length).toBeGreaterThan(3);
  expect(bestCorrelation(answers, known)).toBeLessThan(CHANCE);
}, 400_000);
