/**
 * First in, first out: items of several fields, each a row of words at few bits, packed. Taking is the only way to read, and
 * it removes: nothing is ever used twice.
 */
import { kernels } from '#kernels';
import { TensorMismatchError } from '../../../core/errors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { PackedItems } from '../../../material/material.js';

/** `width` words of `bits` bits in each item; a field of no words or bits is kept by the peer only. */
export interface Field {
  readonly width: number;
  readonly bits: number;
  /** As what it is taken: words unless given, one byte 0 or 1 for each (of one bit), or the bit stream as it lies here, which stays as it is. */
  readonly as?: 'bits' | 'stream';
}

/** By the field: words or bits, the caller's to give back, or a stream. */
export type TakenField = BigUint64Array | Uint8Array;

/** Removes items that were claimed. */
export type Take = (items: number) => TakenField[];

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

  /** Items that nobody has claimed. */
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

  /**
   * Sets items aside for what takes them later, behind messages of others: meanwhile nobody else counts on them. Whichever these are, both parties
   * take in the same order.
   */
  claim(items: number): Take {
    if (items > this.#available)
      throw new TensorMismatchError(`store: expected ${items} items, got ${this.#available}`);
    this.#available -= items;
    let left = items;
    return (count) => {
      if (count > left) throw new TensorMismatchError(`store: expected ${count} items, ${left} were claimed`);
      left -= count;
      this.#available += count;
      return this.take(count);
    };
  }

  /** Removes the first items. */
  take(items: number): TakenField[] {
    const removed = this.remove(items);
    return this.fields.map((_, f) => removed.read(f));
  }

  /** Removes the first items, to be unpacked as they are read. */
  remove(items: number): RemovedItems {
    if (items > this.#available)
      throw new TensorMismatchError(`store: expected ${items} items, got ${this.#available}`);
    this.#available -= items;
    return new RemovedItems(items, this.fields, this.#remove(items));
  }

  /** Where the first items lie. */
  #remove(items: number): Part[] {
    const parts: Part[] = [];
    for (let done = 0; done < items; ) {
      const chunk = this.#chunks[0]!;
      const count = Math.min(items - done, chunk.items - chunk.taken);
      parts.push({ fields: chunk.fields, begin: chunk.taken, items: count });
      chunk.taken += count;
      done += count;
      if (chunk.taken === chunk.items) this.#chunks.shift();
    }
    return parts;
  }
}

/** What belongs to whoever removed it. */
export class RemovedItems {
  constructor(
    readonly items: number,
    private readonly fields: readonly Field[],
    private readonly parts: readonly Part[],
  ) {}

  /** A field of all items, or of those from `begin` to `end` (exclusive). */
  read(f: number, begin = 0, end = this.items): TakenField {
    const field = this.fields[f]!;
    const width = field.bits > 0 ? field.width : 0;
    const length = (end - begin) * width;
    const parts = partsBetween(this.parts, begin, end);
    if (field.as === 'stream') return streamOf(parts, f, field, length);
    const out = field.as === 'bits' ? takeBytes(length) : takeWords(length);
    let done = 0;
    for (const part of parts) {
      const next = done + part.items * width;
      unpack(part.fields[f]!, field, part.begin, out.subarray(done, next));
      done = next;
    }
    return out;
  }
}

/** Of items that lie in parts one after another, those from `begin` to `end` (exclusive). */
function partsBetween(parts: readonly Part[], begin: number, end: number): readonly Part[] {
  let before = 0;
  return parts.flatMap((part) => {
    const first = Math.max(0, begin - before);
    const count = Math.min(part.items, end - before) - first;
    before += part.items;
    return count > 0 ? [{ ...part, begin: part.begin + first, items: count }] : [];
  });
}

/** Items of one chunk. */
interface Part {
  readonly fields: readonly Uint8Array[];
  readonly begin: number;
  readonly items: number;
}

/** Elements of field f as they lie there, copied only where they are not whole bytes of one chunk. */
function streamOf(parts: readonly Part[], f: number, field: Field, length: number): Uint8Array {
  const itemBits = field.width * field.bits;
  const [only, ...others] = parts;
  const first = ((only?.begin ?? 0) * itemBits) / 8;
  if (only && others.length === 0 && Number.isInteger(first))
    return only.fields[f]!.subarray(first, first + Math.ceil((only.items * itemBits) / 8));
  const stream = takeBytes(Math.ceil((length * field.bits) / 8));
  const words = takeWords(length);
  let done = 0;
  for (const part of parts) {
    const end = done + part.items * field.width;
    unpack(part.fields[f]!, field, part.begin, words.subarray(done, end));
    done = end;
  }
  if (length > 0) kernels.ringPack(words, field.bits, stream);
  giveBack(words);
  return stream;
}

/** Items from `begin` on, as many as `out` holds. */
function unpack(packed: Uint8Array, { width, bits }: Field, begin: number, out: TakenField): void {
  if (out.length === 0) return;
  if (out instanceof BigUint64Array) kernels.ringUnpack(packed, bits, out, begin * width);
  else unpackBits(packed, begin * width, out);
}

/** Bits from the first one on. */
function unpackBits(packed: Uint8Array, first: number, out: Uint8Array): void {
  const bytes = packed.subarray(first >> 3, Math.ceil((first + out.length) / 8));
  if (first % 8 === 0) {
    kernels.bitsUnpack(bytes, out);
    return;
  }
  const shifted = takeBytes((first % 8) + out.length);
  kernels.bitsUnpack(bytes, shifted);
  out.set(shifted.subarray(first % 8));
  giveBack(shifted);
}
