/** What `inspect` tells about an artifact, as one object. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Openings, openingsOf } from '../inference/run/openings.js';
import type { PublicModel } from '../model/artifact/artifact.js';
import type { LayerThresholds } from '../model/thresholds.js';
import { type PublicPart, readArtifact, readPublicPart } from '../model/artifact/artifact-file.js';
import type { PrivatePart } from '../model/artifact/private-part.js';
import type { Schedule } from '../model/artifact/schedule.js';
import { encoderShapes, headShapes } from '../model/checkpoint/checkpoint-tensors.js';
import { elementCount } from '../model/checkpoint/safetensors.js';
import { sha256 } from '../model/sha256.js';
import { taskName } from '../model/task.js';

export interface InspectedFile {
  readonly part: 'public' | 'private';
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Inspection {
  readonly task: string;
  /** Two texts or one; null where nobody has said. */
  readonly pair: boolean | null;
  readonly metrics: readonly string[];
  readonly config: PublicModel['config'];
  /** Numbers in the embedding and in the private weights, thresholds not counted; null without the private part. */
  readonly parameters: { readonly embedding: number; readonly private: number | null };
  readonly maxTokens: number;
  /** The name of the method. */
  readonly method: string;
  readonly fixedPoint: PublicModel['fixedPoint'];
  readonly scales: PublicModel['scales'];
  readonly ranges: PublicModel['ranges'];
  /** One pair a layer; null without the private part or without pruning. */
  readonly thresholds: readonly LayerThresholds[] | null;
  /** What a run opens beside the answer. */
  readonly opens: Openings;
  /** Tokens that stay in each layer, by padded length, where they are public; else null. */
  readonly schedule: Schedule | null;
  /** Null without thresholds. */
  readonly thresholdSource: 'training' | 'quantiles' | null;
  /** The public part's, to the private part; null in artifacts of older versions. */
  readonly commitment: string | null;
  readonly digests: { readonly public: string; readonly private: string | null };
  readonly bytes: { readonly public: number; readonly private: number | null };
  readonly files: readonly InspectedFile[];
}

const filesOf = (
  part: 'public' | 'private',
  { manifest, files }: PublicPart | PrivatePart,
): InspectedFile[] =>
  [['manifest.json', manifest] as const, ...files].map(([name, bytes]) => ({
    part,
    name,
    bytes: bytes.length,
    sha256: sha256(bytes),
  }));

const totalBytes = (files: readonly InspectedFile[], part: 'public' | 'private'): number =>
  files.filter((file) => file.part === part).reduce((sum, { bytes }) => sum + bytes, 0);

/** Numbers in the embedding tables with their LayerNorm, and in all else; what layers share counts once. */
function parametersOf(config: PublicModel['config']): {
  readonly embedding: number;
  readonly private: number;
} {
  const isPublic = (name: string): boolean =>
    name.startsWith('embeddings.') && !name.startsWith('embeddings.projection.');
  const shapes = [...encoderShapes(config), ...headShapes(config)];
  const count = (wanted: boolean): number =>
    shapes.reduce((sum, [name, shape]) => sum + (isPublic(name) === wanted ? elementCount(shape) : 0), 0);
  return { embedding: count(true), private: count(false) };
}

/** Reads and checks an artifact; without a private part, what a client may know. Throws ArtifactError. */
export async function inspectArtifact(directory: string): Promise<Inspection> {
  const isWhole = existsSync(join(directory, 'private'));
  const whole = isWhole ? await readArtifact(directory) : null;
  const publicPart = whole?.publicPart ?? (await readPublicPart(directory));
  const { task, config, maxTokens, method, fixedPoint, scales, ranges } = publicPart.model;
  const files = [...filesOf('public', publicPart), ...(whole ? filesOf('private', whole.privatePart) : [])];
  const parameters = parametersOf(config);
  const thresholds = whole?.artifact.private.layers.map((layer) => layer.thresholds);
  const hasThresholds = thresholds?.every((pair) => pair !== null) ?? false;
  const source = whole?.artifact.private.thresholdSource ?? 'training';
  return {
    task: taskName(task),
    pair: task?.pair ?? null,
    metrics: task?.metrics ?? [],
    config,
    parameters: { embedding: parameters.embedding, private: whole ? parameters.private : null },
    maxTokens,
    method: method.name,
    fixedPoint,
    scales,
    ranges,
    thresholds: thresholds?.every((pair) => pair !== null) ? thresholds : null,
    opens: openingsOf(publicPart.model),
    schedule: publicPart.model.schedule ?? null,
    thresholdSource: hasThresholds ? source : null,
    commitment: publicPart.commitment,
    digests: { public: publicPart.digest, private: whole?.privatePart.digest ?? null },
    bytes: { public: totalBytes(files, 'public'), private: whole ? totalBytes(files, 'private') : null },
    files,
  };
}
