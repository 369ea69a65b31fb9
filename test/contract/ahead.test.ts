/** Every operation gives the same from filled pools: each body runs once to learn what it uses, and again from what was made. */

import { TwoPartyBackend } from '../../inference/backends/two-party/two-party-backend.js';
import { GilboaLinear } from '../support/gilboa-linear.js';
import { testParties } from '../support/two-parties.js';
import { contractSuite } from './suite.js';

contractSuite('two parties, multiplications made ahead', async () => {
  const { server, client } = testParties(1);
  const parties = [server, client].map((party) => {
    const { session, cots } = party;
    const mpc = new TwoPartyBackend({ session, cots, linear: new GilboaLinear(party) });
    return { mpc, knows: (owner: 'server' | 'client') => owner === session.self };
  });
  return {
    run: (body) =>
      Promise.all(
        parties.map(async (party) => {
          party.mpc.resetDemand();
          await body(party);
          await party.mpc.prepareAhead(party.mpc.demand());
          return body(party);
        }),
      ),
    close: () => server.session.channel.close(),
  };
});
