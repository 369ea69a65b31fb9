import { openTwoParty } from '../../inference/backends/two-party/open-two-party.js';
import { codeOf, SUITES } from '../../inference/core/suite.js';
import { GilboaLinear } from '../support/gilboa-linear.js';
import { testParties } from '../support/two-parties.js';
import type { Party } from './parties.js';
import { contractSuite } from './suite.js';

for (const suite of SUITES)
  contractSuite(
    `two parties, linear layers from COTs, ${suite}`,
    async () => {
      const { server, client } = testParties(1, codeOf(suite));
      const parties = [server, client].map((party): Party => {
        const { session, cots } = party;
        const { mpc } = openTwoParty({ session, cots, linear: new GilboaLinear(party) });
        return { mpc, knows: (owner) => owner === session.self };
      });
      return {
        run: (body) => Promise.all(parties.map(body)),
        close: () => server.session.channel.close(),
      };
    },
    { cutError: 2n },
  );
