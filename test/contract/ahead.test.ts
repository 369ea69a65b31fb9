/** Every operation gives the same from filled pools: each body runs once to learn what it uses, and again from what was made. */

import { openTwoParty } from '../../inference/backends/two-party/open-two-party.js';
import { GilboaLinear } from '../support/gilboa-linear.js';
import { testParties } from '../support/two-parties.js';
import { contractSuite } from './suite.js';

// Factors are new in each run, so that products with them are made on demand.
contractSuite(
  'two parties, multiplications made ahead',
  async () => {
    const { server, client } = testParties(1);
    const parties = [server, client].map((party) => {
      const { session, cots } = party;
      const { mpc, material } = openTwoParty({ session, cots, linear: new GilboaLinear(party) });
      return { mpc, material, knows: (owner: 'server' | 'client') => owner === session.self };
    });
    return {
      run: (body) =>
        Promise.all(
          parties.map(async (party) => {
            party.material.resetDemand();
            await body(party);
            await party.material.prepareAhead(party.material.demand());
            return body(party);
          }),
        ),
      close: () => server.session.channel.close(),
    };
  },
  { cutError: 2n },
);
