/**
 * Whose turn it is to receive in a protocol whose roles do not depend on who owns what: the parties take turns, so that the
 * next receiver's corrections leave together with the last answer. The client receives a homomorphic product, so the server is next. A backend holds one, takes a turn for each protocol that
 * it starts, and hands the receiver down; protocols know nothing of turns. Equal at both parties.
 */
import { type PartyId, peerOf } from '../../../core/tensors.js';

export class Turns {
  #next: PartyId;
  #taken = 0;

  constructor(first: PartyId = 'client') {
    this.#next = first;
  }

  /** Who receives next: for what uses a one-way protocol inside without taking the turn. */
  get next(): PartyId {
    return this.#next;
  }

  /** The receiver of a protocol that starts now. One out of turn may be named, as where factors are a party's own. */
  take(receiver: PartyId = this.#next): PartyId {
    this.#next = peerOf(receiver);
    this.#taken++;
    return receiver;
  }

  /** For what is a one-way protocol under this condition only. */
  takeIf(isOneWay: boolean): PartyId {
    return isOneWay ? this.take() : this.#next;
  }

  /** From the beginning, as on a new connection. */
  restart(): void {
    this.#next = 'client';
  }

  /** How many so far. */
  get taken(): number {
    return this.#taken;
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
    this.#taken = others.#taken;
  }
}
