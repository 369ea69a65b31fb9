import type { PartyId } from '../inference/core/tensors.js';
import type { Channel } from '../inference/net/channel.js';

/** What a job gets; it runs at both parties, and what it returns goes to the parent. */
export interface JobParty {
  readonly self: PartyId;
  readonly channel: Channel;
  readonly progress: (text: string) => void;
}
