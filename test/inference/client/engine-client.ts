/** What a client of the real engine needs that knows no server's model yet. */

import { openEngineParty } from '../../../inference/run/engine-party.js';
import { protocolDigest } from '../../../inference/run/protocol-digest.js';
import { type PublicPart, parsePublicPart } from '../../../model/artifact/artifact-file.js';

export const engineClient = {
  terms: {
    protocolDigest: protocolDigest(),
    modelDigest: null,
    lookUp: async (): Promise<PublicPart | null> => null,
    parse: parsePublicPart,
  },
  open: openEngineParty,
  opens: 'counts' as const,
};
