import { expect, it } from 'vitest';
import { CleartextBackend } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { classify } from '../../../inference/engine/classify.js';
import { prepareModel } from '../../../inference/engine/prepare.js';
import { GilboaLinear } from '../../support/gilboa-linear.js';
import { type TestParty, testParties } from '../../support/two-parties.js';
import { largestDifference } from '../functions/harness.js';
import { randomInput, randomModel } from './random-model.js';

it('two parties compute what the cleartext backend computes, up to truncation, and open the same', async () => {
  const artifact = randomModel({ layers: 3, prunes: true, reduces: true, seed: 3 });
  const input = randomInput(102, 11);
  const cleartext = new CleartextBackend();
  const expected = await classify(
    cleartext,
    await prepareModel(cleartext, artifact.public, artifact.private),
    input,
    16,
    FINEST_LOGITS,
  );

  const { server, client, traffic } = testParties(1);
  const run = async (party: TestParty) => {
    const { mpc } = openTwoParty({
      session: party.session,
      cots: party.cots,
      linear: new GilboaLinear(party),
    });
    const isServer = party.session.self === 'server';
    const model = await prepareModel(mpc, artifact.public, isServer ? artifact.private : null);
    return classify(mpc, model, isServer ? null : input, 16, FINEST_LOGITS);
  };
  const [atServer, atClient] = await Promise.all([run(server), run(client)]);
  expect(atServer.logits).toBe(null);
  expect(atClient.layers).toEqual(expected.layers);
  expect(atServer.layers).toEqual(expected.layers);
  expect(largestDifference([...atClient.logits!], [...expected.logits!])).toBeLessThan(0.1);

  const opened = ({ session }: TestParty) => session.takeLeaks();
  const leaks = [
    { name: 'kept-token-count', to: 'all', count: 2 },
    { name: 'important-token-count', to: 'all', count: 2 },
    { name: 'label', to: 'client', count: 1 },
    { name: 'logits', to: 'client', count: 1 },
  ];
  expect(opened(server)).toEqual(leaks);
  expect(opened(client)).toEqual(leaks);
  // Two flights are a round trip: at most 75 of them a layer at this length.
  expect(traffic.flights).toBeLessThan(3 * 150);
});
