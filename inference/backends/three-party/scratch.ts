/** Arrays that a step needs while it lasts: taken one after another, given back together. */
import { giveBack, takeWords } from '../../core/words.js';

export class Scratch {
  readonly #taken: (BigUint64Array | Uint8Array)[] = [];

  /** Of any content. */
  words(count: number): BigUint64Array {
    const words = takeWords(count);
    this.#taken.push(words);
    return words;
  }

  /** Bytes that came, which nobody else has. */
  own(bytes: Uint8Array): Uint8Array {
    this.#taken.push(bytes);
    return bytes;
  }

  /** Nobody reads them any more. */
  end(): void {
    giveBack(...this.#taken.splice(0));
  }
}
