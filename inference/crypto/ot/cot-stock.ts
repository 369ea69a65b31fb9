/**
 * COTs that lie ready, in the order in which they were made and are taken. They are shown where they lie, so what a call takes has to lie in one
 * piece: some refills share an array, one behind the other, and what is left in an array when a call needs more moves before the refills of the
 * next one. Arrays serve again when nobody reads them any more (core/words.ts).
 */
import { giveBack, takeBytes } from '../../core/words.js';

const BLOCK_BYTES = 16;
/** Refills of an array are at least so many COTs: two of Ferret's. With more, less would move, and less of them would lie in the cache. */
const LEAST_COTS_TOGETHER = 1 << 17;
/** Before them there is room for so many: what is left when a call takes a chunk (exchange/cot-exchange.ts) is less. */
const MOST_MOVED_COTS = 1 << 16;

const NO_BYTES = new Uint8Array(0);

/** blocks [n · 16] and choices [n], which are empty for the half without. */
export interface CotBytes {
  readonly blocks: Uint8Array;
  readonly choices: Uint8Array;
}

/** COTs where they lie, read no more once `done` was called. */
export interface CotView extends CotBytes {
  done(): void;
}

/** COTs from `begin` on were handed to nobody; so many readers still have some of those before. */
interface Together extends CotBytes {
  begin: number;
  end: number;
  readers: number;
}

export class CotStock {
  /** None is used up; the last one may have room for a refill. */
  readonly #arrays: Together[] = [];
  readonly #capacity: number;
  #ready = 0;

  constructor(
    private readonly refillCots: number,
    private readonly hasChoices: boolean,
  ) {
    this.#capacity = MOST_MOVED_COTS + Math.ceil(LEAST_COTS_TOGETHER / refillCots) * refillCots;
  }

  /** COTs that lie here. */
  get ready(): number {
    return this.#ready;
  }

  /** A refill, which `write` writes. What it throws leaves the stock as it is. */
  add<Result>(write: (refill: CotBytes) => Result): Result {
    let last = this.#arrays.at(-1);
    if (!last || last.end + this.refillCots > this.#capacity) {
      last = { ...this.#take(this.#capacity), begin: MOST_MOVED_COTS, end: MOST_MOVED_COTS, readers: 0 };
      this.#arrays.push(last);
    }
    const result = write(this.#part(last, last.end, last.end + this.refillCots));
    last.end += this.refillCots;
    this.#ready += this.refillCots;
    return result;
  }

  /** The next ones, of those that are ready. */
  view(count: number): CotView {
    this.#join(count);
    const first = this.#arrays[0];
    if (!first || first.end - first.begin < count) {
      const { blocks, choices } = this.copy(count);
      return { blocks, choices, done: () => giveBack(blocks, choices) };
    }
    first.readers++;
    const done = (): void => {
      first.readers--;
      this.#leave(first);
    };
    return { ...this.#cut(first, count), done };
  }

  /** The next ones, the caller's own. */
  copy(count: number): CotBytes {
    const { blocks, choices } = this.#take(count);
    for (let done = 0; done < count; ) {
      const first = this.#arrays[0]!;
      const part = this.#cut(first, Math.min(first.end - first.begin, count - done));
      blocks.set(part.blocks, done * BLOCK_BYTES);
      choices.set(part.choices, this.hasChoices ? done : 0);
      done += part.blocks.length / BLOCK_BYTES;
      this.#leave(first);
    }
    return { blocks, choices };
  }

  /** Moves what is left in the first array before the refills of the next, where that makes one piece of what a call takes. */
  #join(count: number): void {
    const [first, next] = this.#arrays;
    if (!first || !next) return;
    const left = first.end - first.begin;
    if (left >= count || left > next.begin || left + next.end - next.begin < count) return;
    const { blocks, choices } = this.#part(first, first.begin, first.end);
    const to = this.#part(next, next.begin - left, next.begin);
    to.blocks.set(blocks);
    to.choices.set(choices);
    next.begin -= left;
    first.begin = first.end;
    this.#arrays.shift();
    this.#leave(first);
  }

  /** The next ones of an array. */
  #cut(array: Together, count: number): CotBytes {
    const part = this.#part(array, array.begin, array.begin + count);
    array.begin += count;
    this.#ready -= count;
    if (array.begin === array.end) this.#arrays.shift();
    return part;
  }

  #leave({ blocks, choices, begin, end, readers }: Together): void {
    if (readers === 0 && begin === end) giveBack(blocks, choices);
  }

  #take(count: number): CotBytes {
    return {
      blocks: takeBytes(count * BLOCK_BYTES),
      choices: this.hasChoices ? takeBytes(count) : NO_BYTES,
    };
  }

  #part({ blocks, choices }: CotBytes, begin: number, end: number): CotBytes {
    return {
      blocks: blocks.subarray(begin * BLOCK_BYTES, end * BLOCK_BYTES),
      choices: this.hasChoices ? choices.subarray(begin, end) : NO_BYTES,
    };
  }
}
