/** What the client is told: the label exactly, the rest rounded, and nothing else opened. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../inference/backends/backend.js';
import { CleartextBackend } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import type { AnswerTerms } from '../../../inference/core/answer.js';
import { privateTensor } from '../../../inference/core/ring-tensor.js';
import { type Answer, answer } from '../../../inference/engine/answer.js';
import type { PublicModel } from '../../../model/artifact/artifact.js';
import type { Problem } from '../../../model/config.js';
import { argmax, givenLabels, probabilitiesOf } from '../../../model/outputs.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { GilboaLinear } from '../../support/gilboa-linear.js';
import { both, testParties } from '../../support/two-parties.js';

/** As the classifier's product gives them. */
const FORMAT = { ringBits: 37, fractionBits: 20 };
const model = (problem: Problem): PublicModel => {
  const { public: tiny } = tinyArtifact();
  return { ...tiny, ranges: { ...tiny.ranges, logits: 8 }, config: { ...tiny.config, problem } };
};

async function answerOn(
  mpc: Backend,
  logits: readonly number[] | null,
  problem: Problem,
  n: number,
  terms: AnswerTerms,
) {
  const values = logits && Float64Array.from(logits);
  return answer(mpc, model(problem), await mpc.share(privateTensor('client', [1, n], FORMAT, values)), terms);
}

/** The client's answer, which both backends must agree on, and what was opened. */
async function told(logits: readonly number[], problem: Problem, terms: AnswerTerms) {
  const opened: string[] = [];
  const cleartext = new CleartextBackend({ recordLeak: (name, to) => opened.push(`${name} to ${to}`) });
  const clear = await answerOn(cleartext, logits, problem, logits.length, terms);
  const parties = testParties(logits.length);
  const [server, client] = await both(parties, (party) => {
    const { session, cots } = party;
    const { mpc } = openTwoParty({ session, cots, linear: new GilboaLinear(party) });
    return answerOn(mpc, session.self === 'client' ? logits : null, problem, logits.length, terms);
  });
  const nothing: Answer = { label: null, given: null, probabilities: null, logits: null };
  expect(server).toEqual(nothing);
  return { clear, client, opened, leaks: parties.client.session.takeLeaks() };
}

const anyLogits = fc.array(fc.integer({ min: -(2 ** 23), max: 2 ** 23 }), { minLength: 2, maxLength: 9 });
const unit = 2 ** -FORMAT.fractionBits;
const runs = { numRuns: 25 };
/** Half a unit of the rounding, and what the method's softmax is off by. */
const PROBABILITY_ERROR = 1 / 128 + 1 / 256;

describe('the answer', () => {
  it('is the label alone, the first of equals', async () => {
    const terms = { kind: 'label', bits: 6 } as const;
    await fc.assert(
      fc.asyncProperty(anyLogits, async (units) => {
        const logits = units.map((value) => value * unit);
        const { clear, client, opened, leaks } = await told(logits, 'classes', terms);
        expect(client).toEqual({ label: argmax(logits), given: null, probabilities: null, logits: null });
        expect(clear).toEqual(client);
        expect(opened).toEqual(['label to client']);
        expect(leaks).toEqual([{ name: 'label', to: 'client', count: 1 }]);
      }),
      { ...runs, examples: [[[5, 5, 5]], [[0, 1, 1, 0, 1]], [[-1, -1]], [[1, 2, 3, 4, 5, 6, 7, 8, 9]]] },
    );
  });

  it('is the logits, rounded to nearest', async () => {
    await fc.assert(
      fc.asyncProperty(anyLogits, fc.integer({ min: 1, max: 10 }), async (units, bits) => {
        const logits = units.map((value) => value * unit);
        const { clear, client } = await told(logits, 'classes', { kind: 'logits', bits });
        const step = 2 ** -bits;
        expect(client.logits).toEqual(logits.map((value) => Math.floor(value / step + 0.5) * step));
        expect(clear).toEqual(client);
        expect(client.label).toBe(argmax(logits));
      }),
      runs,
    );
  });

  it('is probabilities on the grid, close to those of the logits, with the exact label', async () => {
    await fc.assert(
      fc.asyncProperty(anyLogits, async (units) => {
        const logits = units.map((value) => value * unit);
        const { client, opened } = await told(logits, 'classes', { kind: 'probability', bits: 6 });
        const expected = probabilitiesOf('classes', logits);
        client.probabilities!.forEach((p, i) => {
          expect(Number.isInteger(p * 64)).toBe(true);
          expect(Math.abs(p - expected[i]!)).toBeLessThan(PROBABILITY_ERROR);
        });
        expect(client.label).toBe(argmax(logits));
        expect(client.logits).toBeNull();
        expect(opened).toEqual(['label to client', 'probabilities to client']);
      }),
      runs,
    );
  });

  it('of a multi-label model is every label by itself', async () => {
    const logits = [0.5, -0.25, 0, 3];
    const { client, clear } = await told(logits, 'multi-label', { kind: 'probability', bits: 6 });
    expect(client.given).toEqual(givenLabels(logits));
    expect(clear.given).toEqual(client.given);
    const expected = probabilitiesOf('multi-label', logits);
    client.probabilities!.forEach((p, i) => {
      expect(Math.abs(p - expected[i]!)).toBeLessThan(PROBABILITY_ERROR);
    });
  });

  it('of a regression is its number, rounded, whatever was agreed', async () => {
    const { client, opened } = await told([2.34], 'regression', { kind: 'label', bits: 4 });
    expect(client).toEqual({ label: 0, given: null, probabilities: null, logits: [37 / 16] });
    expect(opened).toEqual(['logits to client']);
  });
});
