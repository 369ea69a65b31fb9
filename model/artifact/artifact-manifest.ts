/**
 * The files of one part of an artifact in memory, and the manifest that vouches for them: it holds every file's size
 * and SHA-256, and its own digest over all of its fields. So the digest of the manifest stands for the whole part.
 */
import type * as z from 'zod';
import { sha256 } from '../sha256.js';
import { ArtifactError } from './artifact-error.js';
import { ARTIFACT_FORMAT, ARTIFACT_FORMAT_VERSION, type FileEntry, parseWith } from './artifact-schema.js';

export type PartName = 'public' | 'private';

/** Contents by file name, without the manifest. */
export type PartFiles = ReadonlyMap<string, Uint8Array>;

export const MANIFEST_NAME = 'manifest.json';

export const entryOf = ([name, bytes]: [string, Uint8Array]): FileEntry => ({
  name,
  bytes: bytes.length,
  sha256: sha256(bytes),
});

/** The manifest's bytes and digest for the given fields and files. */
export function writeManifest(
  part: PartName,
  fields: Readonly<Record<string, unknown>>,
  files: PartFiles,
): { bytes: Uint8Array; digest: string } {
  const header = { format: ARTIFACT_FORMAT, formatVersion: ARTIFACT_FORMAT_VERSION, part };
  const body = { ...header, ...fields, files: [...files].map(entryOf) };
  const digest = sha256(JSON.stringify(body));
  return { bytes: new TextEncoder().encode(`${JSON.stringify({ ...body, digest }, null, 1)}\n`), digest };
}

function parseObject(bytes: Uint8Array, where: string): Record<string, unknown> {
  let literal: unknown;
  try {
    literal = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ArtifactError(`${where}: truncated or not JSON`);
  }
  if (typeof literal !== 'object' || literal === null || Array.isArray(literal))
    throw new ArtifactError(`${where}: expected a JSON object`);
  return literal as Record<string, unknown>;
}

function checkVersion({ format, formatVersion }: Record<string, unknown>, where: string): void {
  if (format !== ARTIFACT_FORMAT)
    throw new ArtifactError(
      `${where}: expected format "${ARTIFACT_FORMAT}", got ${JSON.stringify(format) ?? 'none'}`,
    );
  if (formatVersion === ARTIFACT_FORMAT_VERSION) return;
  const newer = typeof formatVersion === 'number' && formatVersion > ARTIFACT_FORMAT_VERSION;
  const hint = newer ? '; it was written by a newer cipherprune' : '';
  throw new ArtifactError(
    `${where}: expected format version ${ARTIFACT_FORMAT_VERSION}, got ${JSON.stringify(formatVersion) ?? 'none'}${hint}`,
  );
}

/** Checks format, version and digest, then the fields by their schema. `where` names the file in errors. */
export function readManifest<T>(
  bytes: Uint8Array,
  schema: z.ZodType<T>,
  where: string,
): { manifest: T; digest: string } {
  const { digest: claimed, ...body } = parseObject(bytes, where);
  checkVersion(body, where);
  const digest = sha256(JSON.stringify(body));
  if (claimed !== digest)
    throw new ArtifactError(
      `${where}: was changed after export: expected SHA-256 ${String(claimed)}, got ${digest}`,
    );
  return { manifest: parseWith(schema, body, where), digest };
}

/** Checks a file against its entry. */
export function checkFile(bytes: Uint8Array, entry: FileEntry, where: string): void {
  if (bytes.length !== entry.bytes)
    throw new ArtifactError(
      `${where}: truncated or changed: expected ${entry.bytes} bytes, got ${bytes.length}`,
    );
  const digest = sha256(bytes);
  if (digest !== entry.sha256)
    throw new ArtifactError(
      `${where}: was changed after export: expected SHA-256 ${entry.sha256}, got ${digest}`,
    );
}
