/** Reuses the memory of dead tensors: fresh memory costs a page fault per 4 KiB and waits for the garbage collector. */

/**
 * Sizes are rounded up to powers of two, so that batches of any length share memory: fresh memory counts against V8's limit
 * of external memory, and every 64 MB of it cost a collection of the whole heap.
 */
const capacityFor = (size: number): number => (size <= 64 ? 64 : 2 ** Math.ceil(Math.log2(size)));

export class FloatPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  readonly #owned = new WeakSet<ArrayBuffer>();
  #freeBytes = 0;

  readonly #mostFreeBytes: number;

  constructor(mostFreeBytes = 2 ** 31) {
    this.#mostFreeBytes = mostFreeBytes;
  }

  /** An array of `size` numbers of any value. */
  take(size: number): Float32Array<ArrayBuffer> {
    const capacity = capacityFor(size);
    const buffer = this.#free.get(capacity)?.pop();
    if (buffer) {
      this.#freeBytes -= buffer.byteLength;
      return new Float32Array(buffer, 0, size);
    }
    const fresh = new ArrayBuffer(capacity * 4);
    this.#owned.add(fresh);
    return new Float32Array(fresh, 0, size);
  }

  /** Takes back an array of `take`; others are left to the garbage collector. */
  give(array: Float32Array): void {
    const buffer = array.buffer;
    if (!(buffer instanceof ArrayBuffer) || !this.#owned.has(buffer)) return;
    if (this.#freeBytes + buffer.byteLength > this.#mostFreeBytes) return;
    const capacity = buffer.byteLength / 4;
    const list = this.#free.get(capacity);
    if (list) list.push(buffer);
    else this.#free.set(capacity, [buffer]);
    this.#freeBytes += buffer.byteLength;
  }

  /** Never reuse this array: someone else may still see it. */
  release(array: Float32Array): void {
    if (array.buffer instanceof ArrayBuffer) this.#owned.delete(array.buffer);
  }
}
