/** The private part of an artifact: quantized weights and thresholds. Only the server reads it. */

import { parseSafetensors, serializeSafetensors } from '../checkpoint/safetensors.js';
import type { LayerThresholds, PrivateModel } from './artifact.js';
import { checkFile, manifestName, type PartFiles, readManifest, writeManifest } from './artifact-manifest.js';
import { ArtifactError, parseWith, privateManifestSchema, thresholdsSchema } from './artifact-schema.js';
import { privateTensors, readPrivate } from './artifact-tensors.js';
import { inFile, type PublicPart } from './public-part.js';

export interface PrivatePart {
  readonly model: PrivateModel;
  readonly digest: string;
  readonly manifest: Uint8Array;
  readonly files: PartFiles;
}

const weightsName = 'weights.safetensors';
const thresholdsName = 'thresholds.json';

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

/** Encodes the private model that belongs to a public part. */
export function encodePrivatePart(model: PrivateModel, publicPart: PublicPart): PrivatePart {
  const files = new Map([[weightsName, serializeSafetensors(privateTensors(model))]]);
  const thresholds = thresholdsOf(model);
  if (thresholds !== null)
    files.set(thresholdsName, new TextEncoder().encode(`${JSON.stringify(thresholds, null, 1)}\n`));
  const { bytes } = writeManifest('private', { publicDigest: publicPart.digest }, files);
  return decodePrivatePart(bytes, files, publicPart);
}

function readThresholds(bytes: Uint8Array | undefined, publicPart: PublicPart): LayerThresholds[] | null {
  const { prunes, reduces, config } = publicPart.model;
  const expected = prunes || reduces;
  if (bytes === undefined) {
    if (expected) throw new ArtifactError(`${where(thresholdsName)}: missing in a model that prunes`);
    return null;
  }
  if (!expected)
    throw new ArtifactError(`${where(thresholdsName)}: unexpected in a model that does not prune`);
  let literal: unknown;
  try {
    literal = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ArtifactError(`${where(thresholdsName)}: not JSON`);
  }
  const thresholds = parseWith(thresholdsSchema, literal, where(thresholdsName));
  if (thresholds.length !== config.layers)
    throw new ArtifactError(
      `${where(thresholdsName)}: expected ${config.layers} layers, got ${thresholds.length}`,
    );
  return thresholds;
}

/** Checks manifest and files against the public part and decodes the model. */
export function decodePrivatePart(
  manifestBytes: Uint8Array,
  files: PartFiles,
  publicPart: PublicPart,
): PrivatePart {
  const { manifest, digest } = readManifest(manifestBytes, privateManifestSchema, where(manifestName));
  if (manifest.publicDigest !== publicPart.digest) {
    throw new ArtifactError(
      `${where(manifestName)}: belongs to another public part: expected digest ${manifest.publicDigest}, got ${publicPart.digest}`,
    );
  }
  const checked = new Map<string, Uint8Array>();
  for (const entry of manifest.files) {
    const bytes = files.get(entry.name);
    if (bytes === undefined) throw new ArtifactError(`${where(entry.name)}: missing`);
    checkFile(bytes, entry, where(entry.name));
    checked.set(entry.name, bytes);
  }
  const weights = checked.get(weightsName);
  if (weights === undefined) throw new ArtifactError(`${where(weightsName)}: missing`);
  const thresholds = readThresholds(checked.get(thresholdsName), publicPart);
  const { config, scales } = publicPart.model;
  const file = where(weightsName);
  const model = inFile(file, () =>
    readPrivate(parseSafetensors(weights, file).tensors, config, scales, thresholds, file),
  );
  return { model, digest, manifest: manifestBytes, files: checked };
}
