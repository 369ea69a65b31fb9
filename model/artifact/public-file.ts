/**
 * The public part of an artifact as one file (what serializePublicPart makes) whose word table stays on the disk: a text reads the rows of
 * its words. Everything is checked as when it is read whole.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import {
  parseSafetensorsHead,
  safetensorsHeadBytes,
  type StoredTensor,
  type TensorRange,
} from '../checkpoint/safetensors.js';
import { embeddingWidth } from '../config.js';
import type { MatrixScale, PublicModel, QuantizedMatrix } from './artifact.js';
import { ArtifactError } from './artifact-error.js';
import { MANIFEST_NAME, readManifest } from './artifact-manifest.js';
import { type FileEntry, publicManifestSchema } from './artifact-schema.js';
import { checkBits, readEmbedding } from './artifact-tensors.js';
import { EMBEDDING_NAME, inFile, type PublicPart, publicModelOf, TOKENIZER_NAMES } from './public-part.js';
import { toInt16 } from './stored-tensor.js';

const PIECE_BYTES = 1 << 16;
const WORD = 'word';

/** Bytes `begin` to `end`. */
async function readRange(file: FileHandle, begin: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, begin + at);
    if (bytesRead === 0) throw new ArtifactError(`public part: expected ${end} bytes, got ${begin + at}`);
    at += bytesRead;
  }
  return bytes;
}

/** Reads through it once, in small pieces. */
async function checkDigest(
  file: FileHandle,
  begin: number,
  { name, bytes, sha256 }: FileEntry,
): Promise<void> {
  const hash = createHash('sha256');
  const piece = new Uint8Array(PIECE_BYTES);
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(PIECE_BYTES, bytes - at), begin + at);
    if (bytesRead === 0) throw new ArtifactError(`public/${name}: truncated`);
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  const digest = hash.digest('hex');
  if (digest !== sha256)
    throw new ArtifactError(
      `public/${name}: was changed after export: expected SHA-256 ${sha256}, got ${digest}`,
    );
}

/** Rows of the word table by words' numbers. */
class WordRows {
  readonly #file: FileHandle;
  readonly #range: TensorRange;
  readonly #scale: MatrixScale;

  constructor(file: FileHandle, range: TensorRange, scale: MatrixScale) {
    this.#file = file;
    this.#range = range;
    this.#scale = scale;
  }

  /** → [words, width]. @throws ArtifactError if there is no such word, or an entry is too large */
  async read(words: readonly number[]): Promise<QuantizedMatrix> {
    const { dtype, shape, begin, end } = this.#range;
    const [inputs, outputs] = shape as [number, number];
    const rowBytes = (end - begin) / inputs;
    const bytes = new Uint8Array(words.length * rowBytes);
    for (const [i, word] of words.entries()) {
      if (!(word >= 0 && word < inputs))
        throw new ArtifactError(`public/${EMBEDDING_NAME}: expected a word below ${inputs}, got ${word}`);
      const from = begin + word * rowBytes;
      bytes.set(await readRange(this.#file, from, from + rowBytes), i * rowBytes);
    }
    const values = toInt16({ dtype, shape: [words.length, outputs], bytes }, WORD);
    checkBits(values, this.#scale.weightBits, WORD);
    return { ...this.#scale, inputs: words.length, outputs, values };
  }
}

export interface PublicFile {
  /** Its model has no word table, its files no embedding. */
  readonly part: PublicPart;
  readonly words: WordRows;
}

/** All tensors but the word table, and where that is. */
async function readTensors(file: FileHandle, begin: number, { bytes }: FileEntry) {
  const first = await readRange(file, begin, begin + Math.min(8, bytes));
  const headBytes = first.length < 8 ? first.length : Math.min(bytes, safetensorsHeadBytes(first));
  const head = await readRange(file, begin, begin + headBytes);
  const { ranges } = inFile(EMBEDDING_NAME, () => parseSafetensorsHead(head, bytes, EMBEDDING_NAME));
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, ...range } of ranges)
    if (name !== WORD)
      tensors.set(name, {
        dtype,
        shape,
        bytes: await readRange(file, begin + range.begin, begin + range.end),
      });
  const word = ranges.find(({ name }) => name === WORD);
  return { tensors, word: word && { ...word, begin: begin + word.begin, end: begin + word.end } };
}

/** Of a public part whose word table is public. The file stays open, for the rows. @throws ArtifactError */
export async function openPublicFile(file: FileHandle): Promise<PublicFile> {
  const { size } = await file.stat();
  const manifestBytes = new DataView((await readRange(file, 0, 4)).buffer).getUint32(0, true);
  const manifest = await readRange(file, 4, Math.min(size, 4 + manifestBytes));
  const read = readManifest(manifest, publicManifestSchema, `public/${MANIFEST_NAME}`);
  const { config } = read.manifest;
  const { word: scale, ...scales } = read.manifest.embedding;
  const files = new Map<string, Uint8Array>();
  let embedding: Awaited<ReturnType<typeof readTensors>> | null = null;
  let at = 4 + manifestBytes;
  for (const entry of read.manifest.files) {
    if (at + entry.bytes > size) throw new ArtifactError(`public/${entry.name}: truncated`);
    await checkDigest(file, at, entry);
    if (entry.name === EMBEDDING_NAME) embedding = await readTensors(file, at, entry);
    else if (TOKENIZER_NAMES.includes(entry.name))
      files.set(entry.name, await readRange(file, at, at + entry.bytes));
    else throw new ArtifactError(`public/${entry.name}: unexpected`);
    at += entry.bytes;
  }
  if (at !== size)
    throw new ArtifactError(`public part: the manifest expects ${at} bytes in all, got ${size}`);
  const word = embedding?.word;
  const expected = [config.vocabularySize, embeddingWidth(config)];
  if (!embedding || !word || !scale || word.shape.join() !== expected.join())
    throw new ArtifactError(`public/${EMBEDDING_NAME}: expected a word table [${expected}]`);
  const weights = inFile(EMBEDDING_NAME, () =>
    readEmbedding(embedding.tensors, config, scales, EMBEDDING_NAME),
  );
  const { model, commitment } = publicModelOf(read.manifest, weights, files);
  return {
    part: { model, digest: read.digest, commitment, manifest, files },
    words: new WordRows(file, word, scale),
  };
}

/** The model with the rows of a text's words alone, and what their numbers are there. */
export async function withWordsOf(
  { part: { model }, words }: PublicFile,
  ids: readonly number[],
): Promise<{ readonly model: PublicModel; readonly ids: readonly number[] }> {
  const distinct = [...new Set(ids)];
  const word = await words.read(distinct);
  return {
    model: { ...model, embedding: { ...model.embedding, word } },
    ids: ids.map((id) => distinct.indexOf(id)),
  };
}
