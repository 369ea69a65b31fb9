/**
 * Random correlated oblivious transfer, the currency of every non-linear protocol. For each i the sender holds a block
 * q[i] and one global delta (lowest bit 1), the receiver a random bit r[i] and the block t[i] = q[i] XOR r[i]·delta.
 * Extensions (SoftSpoken, Ferret) stand behind these two types; a protocol takes what it needs and never returns it.
 */

import type { SuiteCode } from '../../../kernels/types/prg.js';

/** 16 bytes a block. */
export interface SenderCots {
  readonly delta: Uint8Array;
  /** [count · 16] */
  readonly blocks: Uint8Array;
  /** Session-wide index of the first block: the tweak of the correlation-robust hash. */
  readonly tweak: number;
  /** In which they are hashed. */
  readonly suite: SuiteCode;
}

/** Where they lie: valid until they are done. */
export interface ClaimedCots extends SenderCots {
  done(): void;
}

export interface ReceiverCots {
  /** One byte 0 or 1 for each. */
  readonly choices: Uint8Array;
  /** [count · 16] */
  readonly blocks: Uint8Array;
  readonly tweak: number;
  /** In which they are hashed. */
  readonly suite: SuiteCode;
}

/** COTs that lie ready; absent where they cannot be counted. */
export interface CotReserve {
  available?(): number;
  /** Makes COTs until so many lie ready. Both parties at the same place. */
  reserve?(count: number): Promise<void>;
  /**
   * Called where the half with delta sends anyway, at the same place of the conversation at both: refills that come from that half leave
   * before they are needed, so that the other half's next message does not wait for one.
   */
  replenish?(): void;
}

export interface CotSender extends CotReserve {
  take(count: number): Promise<SenderCots>;
  /** Claims now, in the order of calls, to use later. */
  claim(count: number): () => Promise<ClaimedCots>;
}

export interface CotReceiver extends CotReserve {
  take(count: number): Promise<ReceiverCots>;
  /** Valid until the next call. */
  lend(count: number): Promise<ReceiverCots>;
}

/** Both directions between two parties, as one party holds them. */
export interface CotPair {
  readonly sender: CotSender;
  readonly receiver: CotReceiver;
  /** Of both, and of trees made beside them. */
  readonly suite: SuiteCode;
}
