/**
 * A party of private inference, as connections see it. `engine-party.ts` makes the real one; tests of the connection
 * handling make small ones.
 */
import type { PrivateModel, PublicModel } from '../../model/artifact/artifact.js';
import type { LaneLeak } from '../backends/batching/lane-backend.js';
import type { Answer } from '../engine/answer.js';
import type { Material } from '../material/material.js';
import type { Resident } from '../material/resident.js';
import type { Agreement } from '../net/agreement.js';
import type { Session } from '../session/session.js';

/** A text as the engine takes it: special tokens included, no padding. */
export interface EncodedText {
  readonly ids: readonly number[];
  readonly tokenTypes: readonly number[];
}

/** Tokens that leave a layer's pruning, and those of them that get the high-degree polynomials. */
export interface LayerCounts {
  readonly kept: number;
  readonly important: number;
}

export interface PartyResult extends Answer {
  readonly layers: readonly LayerCounts[];
}

/** One of several texts in one protocol run. */
export interface PaddedText {
  /** Null at the server. */
  readonly text: EncodedText | null;
  readonly bucket: number;
}

/** A party that is set up for one connection: keys exchanged, weights prepared. */
export interface Party {
  /** One text, padded to `bucket` tokens; null at the server. */
  classify(text: EncodedText | null, bucket: number): Promise<PartyResult>;
  /** Several texts in one protocol run, rounds shared; `onLeak` is told what each of them opens. */
  classifyBatch(texts: readonly PaddedText[], onLeak?: LaneLeak): Promise<PartyResult[]>;
  /** Absent at a party that makes nothing ahead. */
  readonly material?: Material;
  /** Absent at a party whose weights travel by rows only. */
  readonly resident?: Resident;
}

export interface PartyModel {
  readonly public: PublicModel;
  /** Null at the client. */
  readonly private: PrivateModel | null;
}

/** Sets a party up over an open connection, as both parties agreed. */
export type OpenParty = (session: Session, model: PartyModel, agreement: Agreement) => Promise<Party>;
