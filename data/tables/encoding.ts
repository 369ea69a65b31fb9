/** Bytes of a file → text. One rule for every file of texts: UTF-8, with or without byte-order mark, and nothing else. */
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { DatasetError } from '../sources/dataset-error.js';

/** What a string can hold. */
const MOST_BYTES = 2 ** 29 - 24;
/** Bytes that are looked at to guess an encoding. */
const GUESSED_FROM = 4096;
const NEWLINE = 0x0a;
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

const MAGIC: readonly (readonly [string, readonly number[]])[] = [
  ['UTF-32 (little-endian)', [0xff, 0xfe, 0, 0]],
  ['UTF-16 (little-endian)', [0xff, 0xfe]],
  ['UTF-16 (big-endian)', [0xfe, 0xff]],
  ['a gzip archive', [0x1f, 0x8b]],
  ['a zip archive or a spreadsheet', [0x50, 0x4b, 3, 4]],
  ['a zstd archive', [0x28, 0xb5, 0x2f, 0xfd]],
  ['a parquet file', [0x50, 0x41, 0x52, 0x31]],
];

const LATIN = 'Latin-1 (ISO 8859-1) or Windows-1252';

/** What `iconv` calls them. */
const ICONV_NAMES: Readonly<Record<string, string>> = {
  'UTF-32 (little-endian)': 'UTF-32',
  'UTF-16 (little-endian)': 'UTF-16LE',
  'UTF-16 (big-endian)': 'UTF-16BE',
  [LATIN]: 'WINDOWS-1252',
};

/** Every second byte of text in Latin letters is 0 in UTF-16. */
function looksLikeUtf16(bytes: Uint8Array): string | null {
  const head = bytes.subarray(0, GUESSED_FROM & ~1);
  const zeros = [0, 0];
  head.forEach((byte, at) => {
    if (byte === 0) zeros[at % 2]!++;
  });
  const [even, odd] = zeros as [number, number];
  if (odd > head.length / 8 && even < odd / 8) return 'UTF-16 (little-endian)';
  if (even > head.length / 8 && odd < even / 8) return 'UTF-16 (big-endian)';
  return null;
}

/** What bytes that are not UTF-8 text seem to be. */
function guess(bytes: Uint8Array): string {
  const known = MAGIC.find(([, magic]) => magic.every((byte, at) => bytes[at] === byte));
  if (known) return known[0];
  const wide = looksLikeUtf16(bytes);
  if (wide) return wide;
  const isBinary = bytes.subarray(0, GUESSED_FROM).includes(0);
  return isBinary ? 'binary data' : LATIN;
}

/** The first line, from 1, that is not UTF-8. A line break is never part of another character. */
function lineOfFault(bytes: Uint8Array): number {
  let line = 1;
  for (let from = 0; from < bytes.length; line++) {
    const found = bytes.indexOf(NEWLINE, from);
    const to = found < 0 ? bytes.length : found;
    if (!isUtf8(bytes.subarray(from, to))) return line;
    from = to + 1;
  }
  return line;
}

/** Throws DatasetError, naming the line and what the bytes look like, unless they are UTF-8. Without byte-order mark. */
export function decodeText(bytes: Uint8Array, file: string): string {
  if (bytes.length > MOST_BYTES)
    throw new DatasetError(
      `${file}: expected at most ${MOST_BYTES} bytes, got ${bytes.length}; split the file`,
    );
  const wide = bytes.subarray(0, GUESSED_FROM).includes(0);
  if (wide || !isUtf8(bytes)) {
    const line = wide ? 1 : lineOfFault(bytes);
    const found = guess(bytes);
    const from = ICONV_NAMES[found];
    const hint = from === undefined ? '' : `; \`iconv -f ${from} -t UTF-8\` converts it`;
    throw new DatasetError(`${file}:${line}: expected UTF-8, got what looks like ${found}${hint}`);
  }
  const text = new TextDecoder('utf-8').decode(bytes);
  if (text.startsWith(LFS_POINTER))
    throw new DatasetError(
      `${file}: is a Git LFS pointer, not the file itself; fetch it with \`git lfs pull\``,
    );
  return text;
}

/** The bytes of a file. Throws DatasetError if it cannot be read. */
export async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new DatasetError(`${file}: ${code === 'ENOENT' ? 'no such file' : message}`);
  }
}
