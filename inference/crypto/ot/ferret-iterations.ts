/**
 * Where Ferret's iterations stand: the COTs that this one consumes, those that it keeps for the next, and its next part. Most of a
 * part's work, rows of the public matrix times the table, waits for no message and not even for the trees: a thread begins it for
 * the parts that come next. The part takes what is done when its turn comes and makes the rest, so it waits for no thread.
 */
import { kernels, kernelThreads } from '#kernels';
import type { SuiteCode } from '../../../kernels/types/prg.js';
import { threadJob } from '../../core/span.js';
import { giveBack, takeBytes } from '../../core/words.js';
import { FERRET_1170_10_17, ferretSizes } from './ferret-parameters.js';

const BLOCK_BYTES = 16;
const { logTable: LOG_TABLE, parts: PARTS } = FERRET_1170_10_17;
const SIZES = ferretSizes(FERRET_1170_10_17);
const TABLE_BYTES = SIZES.table * BLOCK_BYTES;
const PATH_BYTES = SIZES.path * BLOCK_BYTES;
const RESERVE_BYTES = SIZES.reserve * BLOCK_BYTES;
/** A piece that a thread is making. */
const BEGUN = 1;
/** Parts that are begun: as many as a thread makes while this party is busy with one. Each takes 1.3 MB. */
const PARTS_AHEAD = 3;

/** Rows of a part that were begun. */
interface Begun {
  readonly encoded: Uint8Array;
  readonly pieces: Int32Array;
}

interface InThread extends Begun {
  readonly isOver: Promise<unknown>;
}

export class Iterations {
  #base: Uint8Array;
  #next: Uint8Array;
  #part = 0;
  #firstRow = 0;
  /** Of the next parts of this iteration. */
  readonly #begun: InThread[] = [];

  /** `matrix`: what names the public matrix. */
  constructor(
    base: Uint8Array,
    private readonly matrix: { readonly suite: SuiteCode; readonly seed: Uint8Array },
  ) {
    this.#base = base;
    this.#next = new Uint8Array(base.length);
  }

  /** Runs the next part with what it works on; after the last one the reserve becomes the base. */
  part<T>(run: (part: FerretPart) => T): T {
    const begun = this.#begun.shift();
    const pathBegin = TABLE_BYTES + this.#part * PATH_BYTES;
    const result = run({
      ...this.#rows(this.#firstRow),
      ...(begun && { encoded: begun.encoded, pieces: begun.pieces }),
      pathCots: this.#base.subarray(pathBegin, pathBegin + PATH_BYTES),
      reserve: this.#next.subarray(this.#part * RESERVE_BYTES, (this.#part + 1) * RESERVE_BYTES),
    });
    if (begun) this.#end(begun);
    this.#firstRow += SIZES.outputs;
    if (++this.#part === PARTS) {
      [this.#base, this.#next] = [this.#next, this.#base];
      this.#part = 0;
    }
    if (kernelThreads > 1) this.#beginParts();
    return result;
  }

  /** None of its pieces is free any more. A thread that came late may still write one that nobody reads. */
  #end({ encoded, pieces, isOver }: InThread): void {
    if (pieces.every((_, i) => Atomics.load(pieces, i) !== BEGUN)) giveBack(encoded);
    else void isOver.then(() => giveBack(encoded));
  }

  #rows(firstRow: number) {
    return {
      ...this.matrix,
      logTable: LOG_TABLE,
      table: this.#base.subarray(0, TABLE_BYTES),
      firstRow,
    };
  }

  #beginParts(): void {
    const most = Math.min(PARTS_AHEAD, PARTS - this.#part);
    while (this.#begun.length < most) {
      const encoded = takeBytes(SIZES.outputs * BLOCK_BYTES);
      const pieces = new Int32Array(kernels.ferretPieces(SIZES.outputs));
      const rows = this.#rows(this.#firstRow + this.#begun.length * SIZES.outputs);
      const isOver = threadJob('COTs', kernels.ferretEncode({ ...rows, encoded, pieces }), true);
      this.#begun.push({ encoded, pieces, isOver });
    }
  }
}

/** What the kernels take of a part. */
export interface FerretPart extends Partial<Begun> {
  readonly suite: SuiteCode;
  readonly seed: Uint8Array;
  readonly logTable: number;
  readonly table: Uint8Array;
  readonly firstRow: number;
  readonly pathCots: Uint8Array;
  readonly reserve: Uint8Array;
}
