/**
 * Whose turn it is to receive in a protocol whose roles do not depend on who owns what: the parties take turns, so that the
 * next receiver's corrections follow the last answer at once. The client receives a homomorphic product, so the server is next; of one made ahead it
 * sends the only message, so it goes on at once: with an even number of openings behind it the last answer is the client's, and the next product leaves with it. A backend holds one, takes a turn for each protocol that
 * it starts, and hands the receiver down; protocols know nothing of turns. Equal at both parties.
 */
import { type PartyId, peerOf } from '../../../core/tensors.js';

/** Of one protocol: in a chain of such protocols parties take turns, and so they do in a chain of what was made ahead. */
export interface Turn {
  /** Who receives COTs, on demand; of any value where both parties do. */
  readonly receiver: PartyId;
  /** Who sends first where it was made ahead. */
  readonly first: PartyId;
}

export class Turns {
  #next: PartyId;
  #nextAhead: PartyId;
  /** How many so far, in a text on demand and in one whose material was made ahead. */
  #taken = 0;
  #takenAhead = 0;

  constructor(first: PartyId = 'client') {
    this.#next = first;
    this.#nextAhead = first;
  }

  /** The receiver of a protocol that starts now. One out of turn may be named, as where factors are a party's own. */
  take(receiver: PartyId = this.#next): PartyId {
    return this.takeTurn(receiver, receiver).receiver;
  }

  /** Of a protocol that may have been made ahead. */
  takeTurn(receiver: PartyId = this.#next, first: PartyId = this.#nextAhead): Turn {
    this.#next = peerOf(receiver);
    this.#nextAhead = peerOf(first);
    this.#taken++;
    this.#takenAhead++;
    return { receiver, first };
  }

  /** Of what goes both ways at once on demand, so that nobody's turn is over, but is one message each way made ahead. */
  takeBothWays(): Turn {
    const first = this.#nextAhead;
    this.#nextAhead = peerOf(first);
    return { receiver: this.#next, first };
  }

  /** Of what goes one way with a smaller part the other way on demand, and is one message each way made ahead. */
  takeWithReturn(): Turn {
    const turn = this.takeBothWays();
    this.#taken++;
    this.#takenAhead++;
    return turn;
  }

  /** From the beginning, as on a new connection. */
  restart(): void {
    this.#next = 'client';
    this.#nextAhead = 'client';
  }

  /** After other protocols in its place: where a chain made ahead of so many protocols would have left off from `before`. */
  standAhead(before: Turns, taken: number): void {
    this.#nextAhead = taken % 2 === 0 ? before.#nextAhead : peerOf(before.#nextAhead);
    this.#takenAhead = before.#takenAhead + taken;
  }

  /** After other protocols in their place: where others left off that were made ahead. */
  standAheadAs(made: Turns): void {
    this.#nextAhead = made.#nextAhead;
    this.#takenAhead = made.#takenAhead;
  }

  /** Who sends first in the next protocol that was made ahead. */
  get nextAhead(): PartyId {
    return this.#nextAhead;
  }

  /** How many protocols that were made ahead so far. */
  get takenAhead(): number {
    return this.#takenAhead;
  }

  /** The same turn, for what runs at the same time. */
  fork(): Turns {
    const fork = new Turns();
    fork.assume(this);
    return fork;
  }

  /** Goes on from where others stand. */
  assume(others: Turns): void {
    this.#next = others.#next;
    this.#nextAhead = others.#nextAhead;
    this.#taken = others.#taken;
    this.#takenAhead = others.#takenAhead;
  }

  /** Goes on behind what ran at the same time, from whoever took most; on demand that may be another one than ahead. */
  assumeLongest(others: readonly Turns[]): void {
    const longest = (taken: (turns: Turns) => number): Turns =>
      others.reduce((a, b) => (taken(b) > taken(a) ? b : a));
    const [onDemand, ahead] = [longest((turns) => turns.#taken), longest((turns) => turns.#takenAhead)];
    this.assume(onDemand);
    this.standAheadAs(ahead);
  }
}
