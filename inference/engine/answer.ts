/**
 * What the client is told, as a function of the logits alone: the label; probabilities or logits rounded to few bits. Nothing
 * else is opened.
 */

import { DEFAULT_METHOD } from '../../methods/index.js';
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { Problem } from '../../model/config.js';
import type { Backend } from '../backends/backend.js';
import type { AnswerTerms } from '../core/answer.js';
import { decode } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { SharedBits, SharedTensor } from '../core/tensors.js';
import { argmax } from '../functions/argmax.js';
import { signedBits } from '../functions/fixed-point.js';
import { sideBySide } from '../functions/side-by-side.js';
import type { SoftmaxPlan } from '../functions/softmax-plan.js';
import { answerPlan } from './plan.js';

/** The client's; what is not given is null, and at the server all of it. */
export interface Answer {
  /** Index of the largest logit, the first of equals. */
  readonly label: number | null;
  /** Of a multi-label model: those with a logit above 0. */
  readonly given: readonly number[] | null;
  readonly probabilities: readonly number[] | null;
  readonly logits: readonly number[] | null;
}

async function openLabel(mpc: Backend, label: SharedTensor): Promise<number | null> {
  const opened = await mpc.reveal(label, 'client', 'label');
  return opened && Number(opened.data[0]);
}

async function openGiven(mpc: Backend, above: SharedBits): Promise<number[] | null> {
  const bits = await mpc.revealBits(above, 'client', 'label');
  return bits && Array.from(bits.keys()).filter((label) => bits[label] === 1);
}

/** logits [n] → [rows, n'] whose softmax has the probabilities as its last columns: of all classes, or of each label and its absence */
function softmaxRows(mpc: Backend, problem: Problem, logits: SharedTensor): SharedTensor {
  const n = logits.shape[0]!;
  if (problem === 'classes') return mpc.reshape(logits, [1, n]);
  const zeros = mpc.constant(0, [n, 1], logits.ringBits, logits.fractionBits);
  return mpc.concat([zeros, mpc.reshape(logits, [n, 1])], 1);
}

/** → probabilities [n] rounded to `bits` */
async function roundedProbabilities(
  mpc: Backend,
  problem: Problem,
  logits: SharedTensor,
  plan: SoftmaxPlan,
  bits: number,
): Promise<SharedTensor> {
  const rows = softmaxRows(mpc, problem, logits);
  const [count, columns] = rows.shape as [number, number];
  // Also where a method puts something else in the place of softmax: an answer's probabilities are of softmax.
  const fine = await DEFAULT_METHOD.softmax(mpc, rows, count, plan);
  const wanted = mpc.reshape(
    problem === 'classes' ? fine : mpc.slice(fine, 1, columns - 1, columns),
    logits.shape,
  );
  return mpc.round(wanted, wanted.fractionBits - bits);
}

const roundedLogits = (mpc: Backend, logits: SharedTensor, bits: number): Promise<SharedTensor> =>
  mpc.round(logits, Math.max(0, logits.fractionBits - bits));

async function openNumbers(
  mpc: Backend,
  numbers: SharedTensor,
  name: 'probabilities' | 'logits',
): Promise<number[] | null> {
  const opened = await mpc.reveal(numbers, 'client', name);
  return opened && Array.from(decode(opened));
}

const nothing = async (): Promise<null> => null;

/** exact [1, labels] → what the agreement gives. The number of a regression is its answer, whatever was agreed. */
export const answer = protocol(
  'answer',
  async (
    mpc: Backend,
    model: PublicModel,
    exact: SharedTensor,
    { kind, bits }: AnswerTerms,
  ): Promise<Answer> => {
    const { problem } = model.config;
    const plan = answerPlan(model);
    const wide = mpc.reshape(exact, [exact.shape[1]!]);
    // Differences of two logits must fit.
    const logits = mpc.narrow(wide, Math.min(wide.ringBits, signedBits(2 * plan.range, wide.fractionBits)));
    if (problem === 'regression') {
      const number = await openNumbers(mpc, await roundedLogits(mpc, logits, bits), 'logits');
      return { label: number && 0, given: null, probabilities: null, logits: number };
    }
    const [label, above, chances, rounded] = await sideBySide<
      SharedTensor,
      [SharedBits | null, SharedTensor | null, SharedTensor | null]
    >(
      mpc,
      (lane) => argmax(lane, logits),
      problem === 'multi-label' ? (lane) => lane.isNegative(lane.negate(logits)) : nothing,
      kind === 'probability'
        ? (lane) => roundedProbabilities(lane, problem, wide, plan.softmax, bits)
        : nothing,
      kind === 'logits' ? (lane) => roundedLogits(lane, logits, bits) : nothing,
    );
    return {
      label: await openLabel(mpc, label),
      given: above && (await openGiven(mpc, above)),
      probabilities:
        chances &&
        ((await openNumbers(mpc, chances, 'probabilities'))?.map((value) =>
          Math.min(1, Math.max(0, value)),
        ) ??
          null),
      logits: rounded && (await openNumbers(mpc, rounded, 'logits')),
    };
  },
);
