/**
 * The public part of an artifact: what every client gets, on disk or over the wire. Reading it checks everything: the
 * bytes may come from a server that is wrong or hostile.
 */

import { parseSafetensors, SafetensorsError, serializeSafetensors } from '../checkpoint/safetensors.js';
import { parseTokenizerFiles, TokenizerError } from '../tokenizer/tokenizer-files.js';
import type { EmbeddingWeights, PublicModel } from './artifact.js';
import { ArtifactError } from './artifact-error.js';
import { MAX_PUBLIC_BYTES } from './public-bytes.js';
import {
  checkFile,
  MANIFEST_NAME,
  type PartFiles,
  readManifest,
  writeManifest,
} from './artifact-manifest.js';
import {
  manifestFields,
  methodOfManifest,
  type PublicManifest,
  publicManifestSchema,
} from './artifact-schema.js';
import { embeddingScales, embeddingTensors, readEmbedding } from './artifact-tensors.js';

export interface PublicPart {
  readonly model: PublicModel;
  /** SHA-256 that stands for the whole part; the handshake compares it. */
  readonly digest: string;
  /** To the private part (commitment.ts), covered by the digest; null in artifacts of older versions. */
  readonly commitment: string | null;
  readonly manifest: Uint8Array;
  /** All files but the manifest, in the manifest's order. */
  readonly files: PartFiles;
}

export const EMBEDDING_NAME = 'embedding.safetensors';
export const TOKENIZER_NAMES = ['tokenizer.json', 'tokenizer_config.json'];

const where = (file: string): string => `public/${file}`;

/** Runs a reader and lets its errors come out as ArtifactError under the file's name. */
export function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SafetensorsError || error instanceof TokenizerError) {
      const message = error.message.startsWith(file) ? error.message : `${file}: ${error.message}`;
      throw new ArtifactError(message);
    }
    throw error;
  }
}

function checkTokenizer(model: PublicModel): void {
  const size = inFile(where('tokenizer.json'), () => parseTokenizerFiles(model.tokenizerFiles)).vocabulary
    .length;
  if (size > model.config.vocabularySize)
    throw new ArtifactError(
      `${where('tokenizer.json')}: expected at most ${model.config.vocabularySize} tokens, got ${size}`,
    );
}

/** Encodes a public model with a commitment to its weights. Throws ArtifactError if it would be refused by readers. */
export function encodePublicPart(model: PublicModel, commitment: string | null = null): PublicPart {
  const files = new Map<string, Uint8Array>();
  files.set(EMBEDDING_NAME, serializeSafetensors(embeddingTensors(model.embedding)));
  for (const name of TOKENIZER_NAMES) {
    const text = model.tokenizerFiles[name];
    if (text !== undefined) files.set(name, new TextEncoder().encode(text));
  }
  const fields = {
    ...manifestFields(model),
    ...(commitment === null ? {} : { commitment }),
    embedding: embeddingScales(model.embedding),
  };
  const { bytes } = writeManifest('public', fields, files);
  return decodePublicPart(bytes, files);
}

/** The model of a manifest, with what was read of its embedding and its other files. Throws ArtifactError. */
export function publicModelOf(
  manifest: PublicManifest,
  embedding: EmbeddingWeights,
  checked: PartFiles,
): Pick<PublicPart, 'model' | 'commitment'> {
  const texts = TOKENIZER_NAMES.flatMap((name) => {
    const bytes = checked.get(name);
    return bytes === undefined ? [] : [[name, new TextDecoder().decode(bytes)] as const];
  });
  const { files: _, format, formatVersion, part, commitment = null, embedding: scales, ...rest } = manifest;
  const { prunes, reduces, ...fields } = rest;
  const model: PublicModel = {
    ...fields,
    method: methodOfManifest(manifest),
    embedding,
    tokenizerFiles: Object.fromEntries(texts),
  };
  checkTokenizer(model);
  return { model, commitment };
}

/** Checks manifest and files and decodes the model. */
export function decodePublicPart(manifestBytes: Uint8Array, files: PartFiles): PublicPart {
  const { manifest, digest } = readManifest(manifestBytes, publicManifestSchema, where(MANIFEST_NAME));
  const checked = new Map<string, Uint8Array>();
  for (const entry of manifest.files) {
    const bytes = files.get(entry.name);
    if (bytes === undefined) throw new ArtifactError(`${where(entry.name)}: missing`);
    if (entry.name !== EMBEDDING_NAME && !TOKENIZER_NAMES.includes(entry.name))
      throw new ArtifactError(`${where(entry.name)}: unexpected`);
    if (checked.has(entry.name))
      throw new ArtifactError(`${where(MANIFEST_NAME)}: ${entry.name} is listed twice`);
    checkFile(bytes, entry, where(entry.name));
    checked.set(entry.name, bytes);
  }
  const embeddingBytes = checked.get(EMBEDDING_NAME);
  if (embeddingBytes === undefined) throw new ArtifactError(`${where(EMBEDDING_NAME)}: missing`);
  const file = where(EMBEDDING_NAME);
  const embedding = inFile(file, () => {
    const { tensors } = parseSafetensors(embeddingBytes, file);
    return readEmbedding(tensors, manifest.config, manifest.embedding, file);
  });
  const { model, commitment } = publicModelOf(manifest, embedding, checked);
  return { model, digest, commitment, manifest: manifestBytes, files: checked };
}

/** One buffer for the wire: the manifest's length (32 bits, little-endian), the manifest, then the files in its order. */
export function serializePublicPart({ manifest, files }: PublicPart): Uint8Array {
  const parts = [manifest, ...files.values()];
  const bytes = parts.reduce((sum, part) => sum + part.length, 4);
  if (bytes > MAX_PUBLIC_BYTES)
    throw new ArtifactError(`public part: expected at most ${MAX_PUBLIC_BYTES} bytes, got ${bytes}`);
  const buffer = new Uint8Array(bytes);
  new DataView(buffer.buffer).setUint32(0, manifest.length, true);
  let at = 4;
  for (const part of parts) {
    buffer.set(part, at);
    at += part.length;
  }
  return buffer;
}

/** Parses and checks what serializePublicPart made. Throws ArtifactError on anything else. */
export function parsePublicPart(buffer: Uint8Array): PublicPart {
  if (buffer.length > MAX_PUBLIC_BYTES)
    throw new ArtifactError(`public part: expected at most ${MAX_PUBLIC_BYTES} bytes, got ${buffer.length}`);
  const manifestBytes =
    buffer.length < 4 ? -1 : new DataView(buffer.buffer, buffer.byteOffset).getUint32(0, true);
  if (manifestBytes < 0 || 4 + manifestBytes > buffer.length)
    throw new ArtifactError(
      `public part: a manifest of ${manifestBytes} bytes does not fit ${buffer.length} bytes`,
    );
  const manifest = buffer.subarray(4, 4 + manifestBytes);
  const { files: entries } = readManifest(manifest, publicManifestSchema, where(MANIFEST_NAME)).manifest;
  const files = new Map<string, Uint8Array>();
  let at = 4 + manifestBytes;
  for (const { name, bytes } of entries) {
    files.set(name, buffer.subarray(at, at + bytes));
    at += bytes;
  }
  if (at !== buffer.length)
    throw new ArtifactError(`public part: the manifest expects ${at} bytes in all, got ${buffer.length}`);
  return decodePublicPart(manifest, files);
}
