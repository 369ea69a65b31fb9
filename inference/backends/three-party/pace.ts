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
export const MOST_MARKS = 3;
const HERE = Uint8Array.of(1);

/** Where marks are, alike at both ends. */
export class Marks {
  #bytes = 0;
  #messages = 0;

  /** Counts a dealt message. → true where there is a mark */
  count(bytes: number): boolean {
    this.#bytes += bytes;
    this.#messages++;
    if (this.#bytes < MARK_BYTES && this.#messages < MARK_MESSAGES) return false;
    this.reset();
    return true;
  }

  reset(): void {
    this.#bytes = 0;
    this.#messages = 0;
  }
}

export class Pace {
  readonly #marks = new Marks();
  #ahead = 0;

  /** At node 0, behind every dealt message. */
  async dealt(receiver: Channel, bytes: number): Promise<void> {
    if (!this.#marks.count(bytes)) return;
    if (++this.#ahead > MOST_MARKS) await this.#catchUp(receiver, MOST_MARKS);
  }

  /** At node 2, behind every dealt message. */
  received(dealer: Channel, bytes: number): void {
    if (this.#marks.count(bytes)) dealer.send(HERE);
  }

  /** Behind a text, at every node: node 0 waits until node 2 has come to the end too. */
  async settle({ index, next, previous }: Pick<Node, 'index' | 'next' | 'previous'>): Promise<void> {
    this.#marks.reset();
    if (index === 2) next.send(HERE);
    if (index !== 0) return;
    this.#ahead++;
    await this.#catchUp(previous, 0);
  }

  async #catchUp(receiver: Channel, ahead: number): Promise<void> {
    for (; this.#ahead > ahead; this.#ahead--) await receiver.receive(HERE.length);
  }
}
