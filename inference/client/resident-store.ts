/**
 * Encrypted weights on a client's disk, for the next connections: a folder for each model and key, a file for each weight. A file is
 * records of a block and its digest, which binds the block to its place, so that what is damaged, cut off or put elsewhere
 * counts as absent from there on and comes again. They are ciphertexts under a key that never leaves the server.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../util/make-directory.js';
import { megabytes } from '../../util/megabytes.js';
import type { KeptWeight, KeptWeights, ResidentStore } from '../material/resident.js';
import { takeOver } from './resident-owners.js';
import { ResidentWeightsError } from './resident-weights-error.js';

const DIGEST_BYTES = 32;

function digestOf(name: string, index: number, block: number, bytes: Uint8Array): Buffer {
  return createHash('sha256').update(`${name} ${index} ${block}:`).update(bytes).digest();
}

/** A disk that is nearly full takes a part, and says why with the next one. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

async function openFile(path: string, flags: string): Promise<FileHandle | null> {
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** What the system says of a file, with what may be done about it (the error's code). */
async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ResidentWeightsError(`weights that stay here: ${path}: ${(error as Error).message}`);
  }
}

/** Of the weight with this number. */
const fileOf = (folder: string, index: number): string =>
  join(folder, `${String(index).padStart(3, '0')}.bin`);

class Folder implements KeptWeights {
  constructor(
    private readonly path: string,
    /** Of model and key: no record counts under another. */
    private readonly name: string,
    private readonly weights: readonly KeptWeight[],
  ) {}

  #file(index: number): string {
    return fileOf(this.path, index);
  }

  read(index: number, out: Uint8Array): Promise<number> {
    return named(this.#file(index), () => this.#read(index, out));
  }

  append(index: number, first: number, bytes: Uint8Array): Promise<void> {
    return named(this.#file(index), () => this.#append(index, first, bytes));
  }

  async #read(index: number, out: Uint8Array): Promise<number> {
    const { blocks, blockBytes } = this.weights[index]!;
    const file = await openFile(this.#file(index), 'r');
    if (!file) return 0;
    try {
      const digest = new Uint8Array(DIGEST_BYTES);
      for (let block = 0; block < blocks; block++) {
        const own = out.subarray(block * blockBytes, (block + 1) * blockBytes);
        const from = block * (blockBytes + DIGEST_BYTES);
        const { bytesRead } = await file.read(own, 0, blockBytes, from);
        const end = await file.read(digest, 0, DIGEST_BYTES, from + blockBytes);
        const isWhole = bytesRead === blockBytes && end.bytesRead === DIGEST_BYTES;
        if (!isWhole || !digestOf(this.name, index, block, own).equals(digest)) return block;
      }
      return blocks;
    } finally {
      await file.close();
    }
  }

  async #append(index: number, first: number, bytes: Uint8Array): Promise<void> {
    const { blockBytes } = this.weights[index]!;
    const path = this.#file(index);
    const file = (await openFile(path, 'r+')) ?? (await open(path, 'w', 0o600));
    try {
      // Others of the same user may do the same at the same time: the bytes are the same.
      for (let block = 0; block * blockBytes < bytes.length; block++) {
        const own = bytes.subarray(block * blockBytes, (block + 1) * blockBytes);
        const record = Buffer.concat([own, digestOf(this.name, index, first + block, own)]);
        await writeAll(file, record, (first + block) * record.length);
      }
    } finally {
      await file.close();
    }
  }
}

export interface RoomLimits {
  /** Bytes of memory and disk that are free. */
  readonly memory: () => number;
  readonly disk: (folder: string) => Promise<number>;
}

const systemRoom: RoomLimits = {
  memory: () => process.availableMemory(),
  disk: async (folder) => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
};

async function bytesThere(path: string, weights: readonly KeptWeight[]): Promise<number> {
  let bytes = 0;
  for (const [index] of weights.entries()) {
    const file = await openFile(fileOf(path, index), 'r');
    bytes += file ? (await file.stat()).size : 0;
    await file?.close();
  }
  return bytes;
}

export interface ResidentStoreOptions {
  /** What the server is called: weights that it replaced are removed. Absent: nothing is. */
  readonly server?: string;
  readonly onNote?: (line: string) => void;
  readonly room?: RoomLimits;
}

/** A store in a folder of the user's alone. */
export const residentStore = (
  folder: string,
  { server, onNote = () => undefined, room = systemRoom }: ResidentStoreOptions = {},
): ResidentStore => ({
  async open({ model, key }, weights) {
    const name = createHash('sha256').update(`${model} ${key}`).digest('hex');
    const path = join(folder, name);
    const memory = weights.reduce((sum, { blocks, blockBytes }) => sum + blocks * blockBytes, 0);
    const disk = weights.reduce(
      (sum, { blocks, blockBytes }) => sum + blocks * (blockBytes + DIGEST_BYTES),
      0,
    );
    const removed = server === undefined ? 0 : await takeOver(folder, server, name);
    if (removed > 0)
      onNote(
        `the server has other weights now: ${megabytes(removed)} MB of the old ones are removed from ${folder}`,
      );
    const freeMemory = room.memory();
    if (memory > freeMemory)
      throw new ResidentWeightsError(
        `weights that stay here need ${megabytes(memory)} MB of memory, ${megabytes(freeMemory)} MB are free`,
      );
    await makeDirectory(path, 0o700);
    const missing = disk - (await bytesThere(path, weights));
    const freeDisk = await room.disk(path);
    if (missing > freeDisk)
      throw new ResidentWeightsError(
        `weights that stay here need ${megabytes(missing)} MB in ${folder}, ${megabytes(freeDisk)} MB are free`,
      );
    return new Folder(path, name, weights);
  },
});
