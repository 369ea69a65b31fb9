/**
 * The format of safetensors files (safetensors-file.ts reads and writes them): 8 bytes of little-endian header length, a JSON header that gives every
 * tensor's dtype, shape and byte range, then the data.
 * https://huggingface.co/docs/safetensors
 */
import * as z from 'zod';
import { CipherPruneError } from '../../util/errors.js';

/** A file that is not what it should be; the message names file, tensor, expected and got. */
export class SafetensorsError extends CipherPruneError {
  override name = 'SafetensorsError';
  readonly code = 'ERR_SAFETENSORS';
}

/** Bytes per element of every dtype that the reader knows. */
const dtypeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;
export type Dtype = keyof typeof dtypeBytes;

/** One tensor: `bytes` holds its elements in little-endian order, row-major. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A header beyond this is garbage: the format's own bound. */
const MOST_HEADER_BYTES = 100_000_000;

const size = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const entrySchema = z.object({
  dtype: z.enum(Object.keys(dtypeBytes) as [Dtype, ...Dtype[]]),
  shape: z.array(size).max(16),
  data_offsets: z.tuple([size, size]),
});
const metadataSchema = z.record(z.string(), z.string());

export const elementCount = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/** Git stores a few lines in place of a large file that was not fetched. */
export function checkNotPointer(text: string, file: string): void {
  if (text.startsWith(LFS_POINTER))
    throw new SafetensorsError(
      `${file}: expected the file itself, got a Git LFS pointer; fetch it with: git lfs pull`,
    );
}

/** `buffer` has the header, of a file of `fileBytes`. */
function readHeader(
  buffer: Uint8Array,
  fileBytes: number,
  file: string,
): { header: Record<string, unknown>; dataStart: number } {
  checkNotPointer(new TextDecoder('latin1').decode(buffer.subarray(0, LFS_POINTER.length)), file);
  if (buffer.length < 8)
    throw new SafetensorsError(`${file}: expected at least 8 bytes, got ${buffer.length}`);
  const headerBytes = new DataView(buffer.buffer, buffer.byteOffset).getBigUint64(0, true);
  if (headerBytes > BigInt(Math.min(MOST_HEADER_BYTES, fileBytes - 8))) {
    throw new SafetensorsError(
      `${file}: header of ${headerBytes} bytes does not fit a file of ${fileBytes} bytes`,
    );
  }
  const dataStart = 8 + Number(headerBytes);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(8, dataStart)));
  } catch {
    throw new SafetensorsError(`${file}: header is not JSON`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new SafetensorsError(`${file}: header is not a JSON object`);
  return { header: header as Record<string, unknown>, dataStart };
}

/** Where a tensor's bytes are, from the beginning of the file. */
export interface TensorRange extends Omit<StoredTensor, 'bytes'> {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/** Tensors must cover the data exactly: no overlap, no gap, nothing behind the last. */
function checkCoverage(
  given: readonly TensorRange[],
  dataStart: number,
  fileBytes: number,
  file: string,
): void {
  const ranges = given.map(({ name, begin, end }) => ({
    name,
    begin: begin - dataStart,
    end: end - dataStart,
  }));
  const dataBytes = fileBytes - dataStart;
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const { name, begin, end } of ranges) {
    if (begin !== expected)
      throw new SafetensorsError(
        `${file}: tensor ${name}: expected to begin at byte ${expected} of the data, got ${begin}`,
      );
    expected = end;
  }
  if (expected !== dataBytes)
    throw new SafetensorsError(
      `${file}: expected ${expected} bytes of data after the header, got ${dataBytes}`,
    );
}

/** Length of the header that a file's first 8 bytes tell of, these included. */
export const safetensorsHeadBytes = (first: Uint8Array): number =>
  8 + Number(new DataView(first.buffer, first.byteOffset).getBigUint64(0, true));

/** Parses a file's head. Throws SafetensorsError on anything out of the file's bounds. */
export function parseSafetensorsHead(
  buffer: Uint8Array,
  fileBytes: number,
  file: string,
): { readonly ranges: readonly TensorRange[]; readonly metadata: SafetensorsFile['metadata'] } {
  const { header, dataStart } = readHeader(buffer, fileBytes, file);
  const dataBytes = fileBytes - dataStart;
  const ranges: TensorRange[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      const parsed = metadataSchema.safeParse(value);
      if (!parsed.success) throw new SafetensorsError(`${file}: __metadata__ is not a map of strings`);
      metadata = parsed.data;
      continue;
    }
    const entry = entrySchema.safeParse(value);
    if (!entry.success) {
      const issue = entry.error.issues[0];
      throw new SafetensorsError(`${file}: tensor ${name}: ${issue?.path.join('.')}: ${issue?.message}`);
    }
    const {
      dtype,
      shape,
      data_offsets: [begin, end],
    } = entry.data;
    const bytes = elementCount(shape) * dtypeBytes[dtype];
    if (end > dataBytes || end - begin !== bytes) {
      throw new SafetensorsError(
        `${file}: tensor ${name}: ${dtype} [${shape}] needs ${bytes} bytes, got the range ${begin}-${end} of ${dataBytes}`,
      );
    }
    ranges.push({ name, dtype, shape, begin: dataStart + begin, end: dataStart + end });
  }
  checkCoverage(ranges, dataStart, fileBytes, file);
  return { ranges, metadata };
}

/** Parses a whole file. The tensors are views of `buffer`. Throws SafetensorsError on anything out of bounds. */
export function parseSafetensors(buffer: Uint8Array, file = 'safetensors'): SafetensorsFile {
  const { ranges, metadata } = parseSafetensorsHead(buffer, buffer.length, file);
  const tensors = new Map(
    ranges.map(({ name, dtype, shape, begin, end }) => [
      name,
      { dtype, shape, bytes: buffer.subarray(begin, end) },
    ]),
  );
  return { tensors, metadata };
}

/** One file's bytes; widest dtypes first, so that every tensor is aligned, and the header is padded to 8 bytes. */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = [...tensors].sort(
    ([a, x], [b, y]) => dtypeBytes[y.dtype] - dtypeBytes[x.dtype] || (a < b ? -1 : 1),
  );
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of entries) {
    const expected = elementCount(shape) * dtypeBytes[dtype];
    if (bytes.length !== expected)
      throw new SafetensorsError(
        `tensor ${name}: ${dtype} [${shape}] needs ${expected} bytes, got ${bytes.length}`,
      );
    header[name] = { dtype, shape, data_offsets: [offset, offset + expected] };
    offset += expected;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + offset).fill(0x20, 8, 8 + headerBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, 8);
  let at = 8 + headerBytes;
  for (const [, { bytes }] of entries) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
