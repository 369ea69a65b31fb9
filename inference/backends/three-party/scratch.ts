/** Arrays that a step needs while it lasts: taken one after another, given back together. */
import { giveBack, takeWords } from '../../core/words.js';

export class Scratch {
  readonly #taken: BigUint64Array[] = [];

  /** Of any content. */
  words(count: number): BigUint64Array {
    const words = takeWords(count);
    this.#taken.push(words);
    return words;
  }

  /** Nobody reads them any more. */
  end(): void {
    giveBack(...this.#taken.splice(0));
  }
}
