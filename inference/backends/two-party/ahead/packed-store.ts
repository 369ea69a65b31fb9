/**
 * First in, first out: items of several fields, each a row of words at few bits, packed. Taking is the only way to read, and
 * it removes: nothing is ever used twice.
 */
import { kernels } from '#kernels';
import { TensorMismatchError } from '../../../core/errors.js';
import { takeWords } from '../../../core/words.js';
import type { PackedItems } from '../../../material/material.js';

/** `width` words of `bits` bits in each item; a field of no words or bits is kept by the peer only. */
export interface Field {
  readonly width: number;
  readonly bits: number;
}

/** Items added together; the first `taken` of them are gone. */
interface Chunk {
  readonly items: number;
  readonly fields: readonly Uint8Array[];
  taken: number;
}

export class PackedStore {
  #chunks: Chunk[] = [];
  #available = 0;

  constructor(readonly fields: readonly Field[]) {}

  get available(): number {
    return this.#available;
  }

  /** Of an item, about. */
  get bytesPerItem(): number {
    return this.fields.reduce((bits, field) => bits + field.width * field.bits, 0) / 8;
  }

  /** words[f] [items, width of field f], reduced modulo 2^bits. */
  add(items: number, words: readonly BigUint64Array[]): void {
    if (items === 0) return;
    const fields = this.fields.map(({ width, bits }, f) => {
      const length = items * width * (bits > 0 ? 1 : 0);
      if (words[f]!.length !== length)
        throw new TensorMismatchError(`store: expected ${length} words, got ${words[f]!.length}`);
      const packed = new Uint8Array(Math.ceil((length * bits) / 8));
      if (length > 0) kernels.ringPack(words[f]!, bits, packed);
      return packed;
    });
    this.#chunks.push({ items, fields, taken: 0 });
    this.#available += items;
  }

  /** Removes everything, in order. */
  drain(): PackedItems[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#available = 0;
    return chunks.map(({ items, fields, taken }) => {
      if (taken === 0) return { items, fields };
      const rest = new PackedStore(this.fields);
      const words = this.fields.map((field, f) => {
        const left = new BigUint64Array(field.bits > 0 ? (items - taken) * field.width : 0);
        unpack(fields[f]!, field, taken, left);
        return left;
      });
      rest.add(items - taken, words);
      return rest.drain()[0]!;
    });
  }

  /**
   * Adds what `drain` gave.
   * @throws TensorMismatchError unless every field has the bytes of so many items
   */
  addPacked({ items, fields }: PackedItems): void {
    const sizes = this.fields.map(({ width, bits }) => Math.ceil((items * width * bits) / 8));
    const fits = fields.length === sizes.length && fields.every(({ length }, f) => length === sizes[f]);
    if (!Number.isSafeInteger(items) || items < 1 || !fits)
      throw new TensorMismatchError(
        `store: expected fields of ${sizes.join(', ')} bytes for ${items} items, got ${fields.map(({ length }) => length).join(', ')}`,
      );
    this.#chunks.push({ items, fields, taken: 0 });
    this.#available += items;
  }

  /** Removes the first items: words by field, taken (core/words.ts) and the caller's to give back. */
  take(items: number): BigUint64Array[] {
    if (items > this.#available)
      throw new TensorMismatchError(`store: expected ${items} items, got ${this.#available}`);
    this.#available -= items;
    const out = this.fields.map(({ width, bits }) => takeWords(bits > 0 ? items * width : 0));
    for (let done = 0; done < items; ) {
      const chunk = this.#chunks[0]!;
      const count = Math.min(items - done, chunk.items - chunk.taken);
      this.fields.forEach((field, f) => {
        if (field.bits === 0) return;
        const words = out[f]!.subarray(done * field.width, (done + count) * field.width);
        unpack(chunk.fields[f]!, field, chunk.taken, words);
      });
      chunk.taken += count;
      done += count;
      if (chunk.taken === chunk.items) this.#chunks.shift();
    }
    return out;
  }
}

/** Items from `begin` on, as many as `words` holds. */
function unpack(packed: Uint8Array, { width, bits }: Field, begin: number, words: BigUint64Array): void {
  if (words.length > 0) kernels.ringUnpack(packed, bits, words, begin * width);
}
