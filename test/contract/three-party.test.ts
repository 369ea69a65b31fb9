import { DealtBackend, threeNodes } from '../support/three-nodes.js';
import type { Party } from './parties.js';
import { contractSuite } from './suite.js';

contractSuite(
  'three parties',
  async () => {
    const { nodes } = threeNodes(1);
    const parties = nodes.map(({ node }): Party => ({ mpc: new DealtBackend(node, 1), knows: () => true }));
    return {
      run: (body) => Promise.all(parties.map(body)),
      close: async () => {
        await Promise.all(nodes.flatMap(({ node }) => [node.next.close(), node.previous.close()]));
      },
    };
  },
  { truncationError: 2n, ownersCompute: false },
);
