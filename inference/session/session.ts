/** What a party knows about the run it takes part in. */
import type { PartyId } from '../core/tensors.js';
import type { Channel } from '../net/channel.js';
import type { DeclaredLeak } from './leaks.js';

/** A seeded generator of secret randomness (crypto/prg.ts); seeded by the operating system
 * except in tests. */
export interface Random {
  bytes(byteLength: number): Uint8Array;
}

/** Opened values, by name: the leakage of a run. */
export interface LeakRecord {
  readonly name: DeclaredLeak;
  readonly to: PartyId | 'all';
  count: number;
}

export interface Session {
  readonly self: PartyId;
  readonly channel: Channel;
  readonly random: Random;
  /** Records an opened value; throws if the name is not declared in leaks.ts. */
  recordLeak(name: DeclaredLeak, to: PartyId | 'all'): void;
}
