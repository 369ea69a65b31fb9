/** Public numbers of tokens: against the float forward pass by rank, between two parties, and with padding that stays. */
import { describe, expect, it } from 'vitest';
import { runBatch } from '../../../inference/backends/batching/run-batch.js';
import { CleartextBackend, type Overflow } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { classify } from '../../../inference/engine/classify.js';
import type { TokenInput } from '../../../inference/engine/embedding.js';
import { prepareModel } from '../../../inference/engine/prepare.js';
import { cipherPrune } from '../../../methods/cipherprune/index.js';
import { methodReference } from '../../../methods/reference.js';
import type { Artifact } from '../../../model/artifact/artifact.js';
import type { LayerSchedule } from '../../../model/artifact/schedule.js';
import { GilboaLinear } from '../../support/gilboa-linear.js';
import { both, testParties } from '../../support/two-parties.js';
import { largestDifference } from '../functions/harness.js';
import { floatForward, randomInput, randomModel } from './random-model.js';

const BUCKET = 16;
const pair = (kept: number, important: number): LayerSchedule => ({ kept, important });

function withSchedule(artifact: Artifact, layers: readonly LayerSchedule[], tokens = BUCKET): Artifact {
  return { ...artifact, public: { ...artifact.public, schedule: [{ tokens, layers }] } };
}

/** Ranges are those of a run that keeps as many tokens or more. */
const model = randomModel({ layers: 3, prunes: false, reduces: false, seed: 3 });
const scheduled = (layers: readonly LayerSchedule[], tokens = BUCKET): Artifact => {
  const { public: shapes, private: secret } = withSchedule(model, layers, tokens);
  return { public: { ...shapes, method: methodReference(cipherPrune) }, private: secret };
};

async function inClear(artifact: Artifact, input: TokenInput, bucket = BUCKET) {
  const overflows: Overflow[] = [];
  const leaks: string[] = [];
  const mpc = new CleartextBackend({
    onOverflow: (overflow) => overflows.push(overflow),
    recordLeak: (name, to) => leaks.push(`${name} to ${to}`),
  });
  const prepared = await prepareModel(mpc, artifact.public, artifact.private);
  const result = await classify(mpc, prepared, input, bucket, FINEST_LOGITS);
  return { ...result, overflows, leaks };
}

describe('a schedule', () => {
  it.each([
    [pair(9, 9), pair(5, 5)],
    [pair(8, 3), pair(4, 1)],
    [pair(16, 6), pair(6, 6)],
    [pair(16, 16), pair(1, 1)],
  ])('keeps the best tokens as the float forward pass does: %o, %o', async (...layers) => {
    const artifact = scheduled(layers);
    let compared = 0;
    for (let i = 0; i < 10; i++) {
      const input = randomInput(300 + i, BUCKET);
      const expected = floatForward(artifact, input);
      const result = await inClear(artifact, input);
      expect(result.layers.slice(0, 2)).toEqual(layers);
      expect(result.overflows).toEqual([]);
      // Where two tokens at a cut are hardly apart, rounding decides.
      if (expected.margin < 0.03) continue;
      compared++;
      expect(largestDifference([...result.logits!], expected.logits)).toBeLessThan(0.1);
    }
    expect(compared).toBeGreaterThan(2);
  });

  it('lets padding stay where a text is shorter than it expects, and padding changes nothing', async () => {
    const short = scheduled([pair(12, 12), pair(10, 10)]);
    const long = scheduled([pair(20, 20), pair(13, 13)], 32);
    for (let i = 0; i < 6; i++) {
      const input = randomInput(400 + i, 9);
      const expected = floatForward(model, input);
      for (const result of [await inClear(short, input), await inClear(long, input, 32)]) {
        expect(result.overflows).toEqual([]);
        expect(largestDifference([...result.logits!], expected.logits)).toBeLessThan(0.06);
      }
    }
  });

  it('opens the order of shuffled rows and the answer, and nothing where nothing is chosen', async () => {
    const some = await inClear(scheduled([pair(9, 9), pair(5, 2)]), randomInput(1, 10));
    expect(some.leaks).toEqual([
      'shuffled-order to all',
      'shuffled-order to all',
      'label to client',
      'logits to client',
    ]);
    const none = await inClear(scheduled([pair(16, 16), pair(16, 16)]), randomInput(1, 10));
    expect(none.leaks).toEqual(['label to client', 'logits to client']);
  });

  it('has one trace for all texts of a padded length: the same bytes and the same openings', async () => {
    const artifact = scheduled([pair(9, 5), pair(4, 2)]);
    const traces = [];
    for (const [seed, length] of [
      [1, 3],
      [2, 10],
      [3, 16],
    ] as const) {
      const input = randomInput(seed, length);
      const expected = await inClear(artifact, input);
      const parties = testParties(seed);
      const [, client] = await both(parties, async (party) => {
        const isServer = party.session.self === 'server';
        const { session, cots } = party;
        const { mpc } = openTwoParty({ session, cots, linear: new GilboaLinear(party) });
        const prepared = await prepareModel(mpc, artifact.public, isServer ? artifact.private : null);
        return classify(mpc, prepared, isServer ? null : input, BUCKET, FINEST_LOGITS);
      });
      expect(client.layers).toEqual(expected.layers);
      expect(largestDifference([...client.logits!], [...expected.logits!])).toBeLessThan(0.25);
      const { flights, bytes } = parties.traffic;
      traces.push({ flights, bytes, leaks: parties.client.session.takeLeaks() });
    }
    expect(traces[1]).toEqual(traces[0]);
    expect(traces[2]).toEqual(traces[0]);
    expect(traces[0]!.leaks).toEqual([
      { name: 'shuffled-order', to: 'all', count: 2 },
      { name: 'label', to: 'client', count: 1 },
      { name: 'logits', to: 'client', count: 1 },
    ]);
  });

  it('gives texts of one batch what they would get alone, padded lengths mixed', async () => {
    const artifact = scheduled([pair(9, 5), pair(4, 2)]);
    const schedule = [...artifact.public.schedule!, { tokens: 32, layers: [pair(20, 6), pair(7, 2)] }];
    const mixed = { ...artifact, public: { ...artifact.public, schedule } };
    const texts = [
      { input: randomInput(1, 10), bucket: 16 },
      { input: randomInput(2, 21), bucket: 32 },
      { input: randomInput(3, 16), bucket: 16 },
    ];
    const mpc = new CleartextBackend();
    const prepared = await prepareModel(mpc, mixed.public, mixed.private);
    const together = await runBatch(mpc, texts.length, (lane, i) =>
      classify(lane, prepared, texts[i]!.input, texts[i]!.bucket, FINEST_LOGITS),
    );
    for (const [i, { input, bucket }] of texts.entries()) {
      const { logits, layers } = await inClear(mixed, input, bucket);
      expect(together[i]).toMatchObject({ logits, layers });
    }
  });

  it('is refused by name for a padded length that it does not have', async () => {
    await expect(inClear(scheduled([pair(9, 9), pair(5, 5)]), randomInput(1, 20), 32)).rejects.toThrow(
      'schedule: expected a padded length of the model, got 32',
    );
  });
});
