/** A party's session: its role, its channel, its randomness, and the list of what was opened. */
import type { PartyId } from '../core/tensors.js';
import type { Channel } from '../net/channel.js';
import { DECLARED_LEAKS, isDeclaredLeak } from './leaks.js';
import type { LeakRecord, Random, Session } from './session.js';

export interface RecordedSession extends Session {
  /** What was opened since the last call, in the order of first opening. */
  takeLeaks(): LeakRecord[];
}

/** A list of opened values that takes declared names only. */
export function createLeakList(self: PartyId): Pick<RecordedSession, 'recordLeak' | 'takeLeaks'> {
  let leaks: LeakRecord[] = [];
  return {
    recordLeak(name, to) {
      if (!isDeclaredLeak(name)) {
        throw new Error(
          `${self}: opening ${JSON.stringify(name)} is not declared; declared are ${Object.keys(DECLARED_LEAKS).join(', ')}`,
        );
      }
      const known = leaks.find((leak) => leak.name === name && leak.to === to);
      if (known) known.count++;
      else leaks.push({ name, to, count: 1 });
    },
    takeLeaks() {
      const taken = leaks;
      leaks = [];
      return taken;
    },
  };
}

export const createSession = (options: {
  readonly self: PartyId;
  readonly channel: Channel;
  readonly random: Random;
}): RecordedSession => ({ ...options, ...createLeakList(options.self) });
