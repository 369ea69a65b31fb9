/**
 * Arrays that are used for a moment, over and over: who is the only one to know an array gives it back when it is read no more, and
 * the next taker has it, warm. V8 collects the whole heap for every 64 MB of arrays that were made anew, zeroes each, and an
 * inference needs gigabytes of them.
 *
 * What was taken and never given back is collected as any other array.
 */

/** Smaller ones cost less anew. */
const LEAST_BYTES = 1 << 10;
/** The largest array that is kept. */
const LARGEST_BYTES = 1 << 26;
/**
 * Of idle ones in all: what a text of BERT-base has in use at once, on and off. Less would leave buffers and make them anew all the time; who
 * never had as much in use keeps less.
 */
const MOST_IDLE_BYTES = 1 << 28;
/** Sizes for each power of two, so that at most a quarter is waste. */
const SIZES_AN_OCTAVE = 4;
const POISON = 0xa5;

/** An idle buffer serves for what is up to so many times smaller. */
const MOST_TIMES_LARGER = 4;

/** Made here. */
class Kept extends ArrayBuffer {
  /** `left`: to the collector. */
  state: 'idle' | 'taken' | 'held' | 'left' = 'taken';
}

/** Idle buffers by size, the last one given back on top; sizes that were taken last stand last. */
const idle = new Map<number, Kept[]>();
let idleBytes = 0;
let poisons = false;

/** The next size that buffers have. */
function sizeFor(byteLength: number): number {
  // A shift, as this is asked for at every array: a power is a call.
  const step = ((1 << (31 - Math.clz32(Math.max(1, byteLength - 1)))) >>> 0) / SIZES_AN_OCTAVE;
  return Math.ceil(byteLength / step) * step;
}

/** The smallest that is idle and fits. */
function takeIdle(least: number): Kept | null {
  for (let size = least; size <= MOST_TIMES_LARGER * least; size = sizeFor(size + 1)) {
    const buffers = idle.get(size);
    const found = buffers?.pop();
    if (!found) continue;
    idle.delete(size);
    idle.set(size, buffers!);
    idleBytes -= size;
    return found;
  }
  return null;
}

/** Leaves buffers of sizes that nobody took for long to the collector. */
function makeRoom(bytes: number): void {
  if (idleBytes + bytes <= MOST_IDLE_BYTES) return;
  for (const [size, buffers] of idle) {
    while (buffers.length > 0 && idleBytes + bytes > MOST_IDLE_BYTES) {
      buffers.shift()!.state = 'left';
      idleBytes -= size;
    }
    if (buffers.length > 0) return;
    idle.delete(size);
  }
}

function buffer(byteLength: number): Kept {
  const size = sizeFor(byteLength);
  const found = takeIdle(size);
  const taken = found ?? new Kept(size);
  if (!found && poisons) new Uint8Array(taken).fill(POISON);
  taken.state = 'taken';
  return taken;
}

const isKept = (byteLength: number): boolean =>
  byteLength >= (poisons ? 1 : LEAST_BYTES) && byteLength <= LARGEST_BYTES;

/** Words of any content: to be written before they are read. */
export const takeWords = (length: number): BigUint64Array =>
  isKept(8 * length) ? new BigUint64Array(buffer(8 * length), 0, length) : new BigUint64Array(length);

/** Bytes likewise. */
export const takeBytes = (length: number): Uint8Array =>
  isKept(length) ? new Uint8Array(buffer(length), 0, length) : new Uint8Array(length);

/**
 * From now on these belong to whoever takes next: nobody else may know them, nor a part of them. Arrays that were not taken here, or are null,
 * are left to the collector.
 * @throws Error if one was given back before, or is held
 */
export function giveBack(...arrays: readonly (BigUint64Array | Uint8Array | null)[]): void {
  for (const array of arrays) {
    const given = array?.buffer;
    if (!(given instanceof Kept) || given.state === 'left') continue;
    if (given.state !== 'taken')
      throw new Error(`words: expected an array in use, got one of ${array!.length} that is ${given.state}`);
    keep(given);
  }
}

/** From now on nobody but the caller gives its buffer back. False where somebody holds it, or it was not taken here. */
export function hold({ buffer: held }: BigUint64Array | Uint8Array): boolean {
  if (!(held instanceof Kept) || held.state !== 'taken') return false;
  held.state = 'held';
  return true;
}

/** Undoes `hold`: the buffer is in use as before, and whoever knows it may hold it. */
export function letGo(held: ArrayBufferLike): void {
  heldOne(held).state = 'taken';
}

/** As `giveBack`, of the buffer of an array that the caller holds. */
export function release(held: ArrayBufferLike): void {
  keep(heldOne(held));
}

function heldOne(held: ArrayBufferLike): Kept {
  if (!(held instanceof Kept) || held.state !== 'held')
    throw new Error(`words: expected a held array, got one of ${held.byteLength} bytes`);
  return held;
}

function keep(given: Kept): void {
  const size = given.byteLength;
  if (poisons) new Uint8Array(given).fill(POISON);
  makeRoom(size);
  given.state = 'idle';
  idleBytes += size;
  const sameSize = idle.get(size);
  if (sameSize) sameSize.push(given);
  else idle.set(size, [given]);
}

/** Leaves what is idle to the collector. */
export function dropIdle(): void {
  for (const buffers of idle.values()) for (const buffer of buffers) buffer.state = 'left';
  idle.clear();
  idleBytes = 0;
}

/**
 * For tests: what is given back is overwritten at once, so that whoever still reads it computes something else; the smallest arrays are
 * kept as well.
 */
export function poisonWords(on = true): void {
  poisons = on;
}
