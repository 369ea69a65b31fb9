/**
 * Node 0 waits for nobody, so it would run ahead without end, and what it deals would pile up. Every so many messages or bytes
 * node 2, who receives them, says that it has come so far, and node 0 stays at most so many marks ahead. It also notices by
 * that whether the others are still there.
 */
import type { Channel } from '../../net/channel.js';
import type { Node } from './node.js';

/** Between two marks. */
const MARK_BYTES = 2 ** 22;
const MARK_MESSAGES = 64;
/** By which node 0 may be ahead. */
const MOST_MARKS = 3;
const HERE = Uint8Array.of(1);

export class Pace {
  #bytes = 0;
  #messages = 0;
  #ahead = 0;

  /** Counts a dealt message, alike at both ends. → true where there is a mark */
  #counts(bytes: number): boolean {
    this.#bytes += bytes;
    this.#messages++;
    if (this.#bytes < MARK_BYTES && this.#messages < MARK_MESSAGES) return false;
    this.#bytes = 0;
    this.#messages = 0;
    return true;
  }

  /** At node 0, behind every dealt message. */
  async dealt(receiver: Channel, bytes: number): Promise<void> {
    if (!this.#counts(bytes)) return;
    if (++this.#ahead > MOST_MARKS) await this.#catchUp(receiver, MOST_MARKS);
  }

  /** At node 2, behind every dealt message. */
  received(dealer: Channel, bytes: number): void {
    if (this.#counts(bytes)) dealer.send(HERE);
  }

  /** Behind a text, at every node: node 0 waits until node 2 has come to the end too. */
  async settle({ index, next, previous }: Pick<Node, 'index' | 'next' | 'previous'>): Promise<void> {
    this.#bytes = 0;
    this.#messages = 0;
    if (index === 2) next.send(HERE);
    if (index !== 0) return;
    this.#ahead++;
    await this.#catchUp(previous, 0);
  }

  async #catchUp(receiver: Channel, ahead: number): Promise<void> {
    for (; this.#ahead > ahead; this.#ahead--) await receiver.receive(HERE.length);
  }
}
