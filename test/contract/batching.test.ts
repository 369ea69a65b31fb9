/** Every operation gives the same through a batch, as the only lane and as one of several. */
import { runBatch } from '../../inference/backends/batching/run-batch.js';
import { CleartextBackend } from '../../inference/backends/cleartext/cleartext-backend.js';
import { openTwoParty } from '../../inference/backends/two-party/open-two-party.js';
import { GilboaLinear } from '../support/gilboa-linear.js';
import { testParties } from '../support/two-parties.js';
import type { Parties, Party } from './parties.js';
import { contractSuite } from './suite.js';

/** The suite sees the last lane of each party. */
const batched = (parties: readonly Party[], lanes: number, close: () => Promise<void>): Parties => ({
  run: (body) =>
    Promise.all(
      parties.map(async ({ mpc, knows }) => {
        const results = await runBatch(mpc, lanes, (lane) => body({ mpc: lane, knows }));
        return results.at(-1)!;
      }),
    ),
  close,
});

for (const lanes of [1, 3]) {
  contractSuite(`cleartext, batch of ${lanes}`, async () =>
    batched([{ mpc: new CleartextBackend(), knows: () => true }], lanes, async () => {}),
  );

  contractSuite(
    `two parties, batch of ${lanes}`,
    async () => {
      const { server, client } = testParties(1);
      const parties = [server, client].map((party): Party => {
        const { session, cots } = party;
        const { mpc } = openTwoParty({ session, cots, linear: new GilboaLinear(party) });
        return { mpc, knows: (owner) => owner === session.self };
      });
      return batched(parties, lanes, () => server.session.channel.close());
    },
    { cutError: 2n },
  );
}
