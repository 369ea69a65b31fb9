/** The private part of an artifact: quantized weights and thresholds. Only the server reads it. */

import { parseSafetensors, serializeSafetensors } from '../checkpoint/safetensors.js';
import type { ModelConfig } from '../config.js';
import type { PrivateModel } from './artifact.js';
import type { LayerThresholds } from '../thresholds.js';
import { ArtifactError } from './artifact-error.js';
import {
  checkFile,
  entryOf,
  MANIFEST_NAME,
  type PartFiles,
  readManifest,
  writeManifest,
} from './artifact-manifest.js';
import {
  type PrivateManifest,
  parseWith,
  privateManifestSchema,
  thresholdsSchema,
} from './artifact-schema.js';
import { privateTensors, readPrivate } from './artifact-tensors.js';
import { commitmentOf } from './commitment.js';
import { inFile, type PublicPart } from './public-part.js';

export interface PrivatePart {
  readonly model: PrivateModel;
  readonly digest: string;
  /** Of the commitment in the public part; null in artifacts of older versions. */
  readonly salt: string | null;
  readonly manifest: Uint8Array;
  readonly files: PartFiles;
}

const WEIGHTS_NAME = 'weights.safetensors';
const THRESHOLDS_NAME = 'thresholds.json';

const where = (file: string): string => `private/${file}`;

/** One pair a layer, or null if no layer has any. */
function thresholdsOf({ layers }: PrivateModel): LayerThresholds[] | null {
  const thresholds = layers.flatMap((layer) => (layer.thresholds === null ? [] : [layer.thresholds]));
  if (thresholds.length !== 0 && thresholds.length !== layers.length)
    throw new ArtifactError(
      `thresholds: expected all ${layers.length} layers or none, got ${thresholds.length}`,
    );
  return thresholds.length === 0 ? null : thresholds;
}

/** All files of the private part but its manifest, in its order. */
export function privateFiles(model: PrivateModel, config: ModelConfig): PartFiles {
  const files = new Map([[WEIGHTS_NAME, serializeSafetensors(privateTensors(model, config))]]);
  const thresholds = thresholdsOf(model);
  if (thresholds !== null)
    files.set(THRESHOLDS_NAME, new TextEncoder().encode(`${JSON.stringify(thresholds, null, 1)}\n`));
  return files;
}

/** What a public part says of these files, to be opened with the salt. */
export const commitmentToFiles = (salt: string, files: PartFiles): string =>
  commitmentOf(salt, [...files].map(entryOf));

/** Encodes the private model that belongs to a public part; `salt` opens that part's commitment. */
export function encodePrivatePart(
  model: PrivateModel,
  publicPart: PublicPart,
  salt: string | null = null,
): PrivatePart {
  const files = privateFiles(model, publicPart.model.config);
  const { thresholdSource } = model;
  const fields = {
    publicDigest: publicPart.digest,
    ...(salt === null ? {} : { salt }),
    ...(thresholdSource === undefined ? {} : { thresholdSource }),
  };
  const { bytes } = writeManifest('private', fields, files);
  return decodePrivatePart(bytes, files, publicPart);
}

/** The public part must commit to just these files; both old or both new. */
function checkCommitment({ salt, files }: PrivateManifest, { commitment }: PublicPart): void {
  if (commitment === null && salt === undefined) return;
  const opened = salt === undefined ? 'no salt' : commitmentOf(salt, files);
  if (opened !== commitment)
    throw new ArtifactError(
      `${where(MANIFEST_NAME)}: expected what the public part commits to (${commitment ?? 'nothing'}), got ${opened}`,
    );
}

function readThresholds(bytes: Uint8Array | undefined, publicPart: PublicPart): LayerThresholds[] | null {
  const { config } = publicPart.model;
  if (bytes === undefined) return null;
  let literal: unknown;
  try {
    literal = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ArtifactError(`${where(THRESHOLDS_NAME)}: not JSON`);
  }
  const thresholds = parseWith(thresholdsSchema, literal, where(THRESHOLDS_NAME));
  if (thresholds.length !== config.layers)
    throw new ArtifactError(
      `${where(THRESHOLDS_NAME)}: expected ${config.layers} layers, got ${thresholds.length}`,
    );
  return thresholds;
}

/** Checks manifest and files against the public part and decodes the model. */
export function decodePrivatePart(
  manifestBytes: Uint8Array,
  files: PartFiles,
  publicPart: PublicPart,
): PrivatePart {
  const { manifest, digest } = readManifest(manifestBytes, privateManifestSchema, where(MANIFEST_NAME));
  if (manifest.publicDigest !== publicPart.digest) {
    throw new ArtifactError(
      `${where(MANIFEST_NAME)}: belongs to another public part: expected digest ${manifest.publicDigest}, got ${publicPart.digest}`,
    );
  }
  checkCommitment(manifest, publicPart);
  const checked = new Map<string, Uint8Array>();
  for (const entry of manifest.files) {
    const bytes = files.get(entry.name);
    if (bytes === undefined) throw new ArtifactError(`${where(entry.name)}: missing`);
    checkFile(bytes, entry, where(entry.name));
    checked.set(entry.name, bytes);
  }
  const weights = checked.get(WEIGHTS_NAME);
  if (weights === undefined) throw new ArtifactError(`${where(WEIGHTS_NAME)}: missing`);
  const thresholds = readThresholds(checked.get(THRESHOLDS_NAME), publicPart);
  const { config, scales } = publicPart.model;
  const file = where(WEIGHTS_NAME);
  const model = inFile(file, () =>
    readPrivate(parseSafetensors(weights, file).tensors, config, scales, thresholds, file),
  );
  const { thresholdSource } = manifest;
  const whole = thresholdSource === undefined ? model : { ...model, thresholdSource };
  return { model: whole, digest, salt: manifest.salt ?? null, manifest: manifestBytes, files: checked };
}
