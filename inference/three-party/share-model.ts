/**
 * A model as three folders, of which no one tells anything of it: node i can compute components i and i+1 of every number.
 * Components 0 and 1 come from two seeds, component 2 is what is left: packed words in a file that nodes 1 and 2 have.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kernels } from '#kernels';
import * as z from 'zod';
import {
  type ArtifactParts,
  parsePublicPart,
  type PublicPart,
  serializePublicPart,
} from '../../model/artifact/artifact-file.js';
import { foreignIn, recoverDirectory, replaceDirectory } from '../../model/replace-directory.js';
import { sha256 } from '../../model/sha256.js';
import { checkWritable } from '../../util/make-directory.js';
import { checkOwnerOnly } from '../../util/owner-only.js';
import { type Components, commonWords, type NodeIndex, wordsAt } from '../backends/three-party/node.js';
import { DEFAULT_SUITE, SUITES, type Suite } from '../core/suite.js';
import { Prg, type StreamPlace } from '../crypto/prg.js';
import { type ModelEntry, modelEntries } from './model-entries.js';
import { mapTuple } from '../../util/map-tuple.js';

const SEED_BYTES = 16;
const NODES = [0, 1, 2] as const;
const MANIFEST_NAME = 'node.json';
const PUBLIC_NAME = 'public.bin';
const SHARES_NAME = 'shares.bin';
const isFileOfNode = (name: string): boolean => [MANIFEST_NAME, PUBLIC_NAME, SHARES_NAME].includes(name);

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const manifestSchema = z.strictObject({
  format: z.literal('cipherprune-node'),
  formatVersion: z.literal(2),
  node: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  /** The same at the three nodes of one sharing, another for every sharing. */
  sharing: z.string().regex(/^[0-9a-f]{32}$/),
  /** Of the generators that components 0 and 1 come from, and of those of each pair of nodes. */
  suite: z.enum(SUITES).default(DEFAULT_SUITE),
  publicSha256: digest,
  sharesSha256: digest,
});

export class NodeFolderError extends Error {
  override name = 'NodeFolderError';
}

/** What a node reads. */
export interface NodeModel {
  readonly node: NodeIndex;
  readonly sharing: string;
  readonly suite: Suite;
  readonly publicPart: PublicPart;
  readonly publicBytes: Uint8Array;
  /** By name of the entry: components are made, or read, when they are asked for. */
  readonly shares: ReadonlyMap<string, Components<Share>>;
}

const packedBytes = ({ count, ringBits }: ModelEntry): number => Math.ceil((count * ringBits) / 8);

/** What is left of each entry when components 0 and 1 are taken off, packed. */
function remainders(entries: readonly ModelEntry[], seeds: Components<Uint8Array>, suite: Suite): Uint8Array {
  const [first, second] = mapTuple(seeds, (seed) => Prg.fromSecretSeed(seed, suite));
  const packed = new Uint8Array(entries.reduce((sum, entry) => sum + packedBytes(entry), 0));
  let at = 0;
  for (const entry of entries) {
    const { count, ringBits } = entry;
    const rest = entry.words!.slice();
    kernels.ringSubtract(rest, commonWords(first, count, ringBits), ringBits, rest);
    kernels.ringSubtract(rest, commonWords(second, count, ringBits), ringBits, rest);
    kernels.ringPack(rest, ringBits, packed.subarray(at, at + packedBytes(entry)));
    at += packedBytes(entry);
  }
  return packed;
}

/** Node 0 has both seeds, node 1 the second and what is left, node 2 the first and what is left. */
const sharesOfNode = (
  node: NodeIndex,
  [first, second]: Components<Uint8Array>,
  rest: Uint8Array,
): Uint8Array => Buffer.concat(node === 0 ? [first, second] : [node === 1 ? second : first, rest]);

/** Only a missing or empty directory or an older sharing may be replaced. */
async function checkReplaceable(directory: string): Promise<void> {
  await checkWritable(directory);
  const folders = NODES.map(String);
  const found = await Promise.all([
    foreignIn(directory, (name) => folders.includes(name)),
    ...folders.map((node) => foreignIn(join(directory, node), isFileOfNode)),
  ]);
  const foreign = found.find((name) => name !== null) ?? null;
  if (foreign !== null)
    throw new NodeFolderError(
      `${directory}: not replaced: it holds ${foreign}, which is no part of a shared model`,
    );
}

/**
 * Writes DIR/0, DIR/1 and DIR/2, whole or not at all. → the number of the sharing
 * @throws NodeFolderError, before any work, if the directory holds anything else
 */
export async function shareModel(
  { artifact, publicPart }: ArtifactParts,
  directory: string,
  suite: Suite = DEFAULT_SUITE,
): Promise<string> {
  await recoverDirectory(directory);
  await checkReplaceable(directory);
  const entries = await modelEntries(artifact.public, artifact.private);
  const seeds = [randomBytes(SEED_BYTES), randomBytes(SEED_BYTES)] as const;
  const rest = remainders(entries, seeds, suite);
  const sharing = randomBytes(16).toString('hex');
  const publicBytes = serializePublicPart(publicPart);
  const files = new Map<string, Uint8Array | string>();
  for (const node of NODES) {
    const shares = sharesOfNode(node, seeds, rest);
    const manifest: z.output<typeof manifestSchema> = {
      format: 'cipherprune-node',
      formatVersion: 2,
      node,
      sharing,
      suite,
      publicSha256: sha256(publicBytes),
      sharesSha256: sha256(shares),
    };
    files.set(`${node}/${MANIFEST_NAME}`, `${JSON.stringify(manifest, null, 2)}\n`);
    files.set(`${node}/${PUBLIC_NAME}`, publicBytes);
    files.set(`${node}/${SHARES_NAME}`, shares);
  }
  await replaceDirectory(directory, files, { isSecret: (name) => name.endsWith(SHARES_NAME) });
  return sharing;
}

async function readChecked(directory: string, name: string, expected?: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(directory, name));
  } catch (error) {
    throw new NodeFolderError(`${join(directory, name)}: ${(error as Error).message}`);
  }
  if (expected !== undefined && sha256(bytes) !== expected)
    throw new NodeFolderError(`${join(directory, name)}: expected SHA-256 ${expected}, got ${sha256(bytes)}`);
  return bytes;
}

/** A component of an entry, made whenever it is asked for; of a seed its place in the stream is known. */
export interface Share {
  readonly words: () => BigUint64Array;
  readonly place: StreamPlace | null;
}

function seededWords(prg: Prg, { count, ringBits }: ModelEntry): Share {
  const place = prg.place(8 * count);
  return { place, words: () => wordsAt(place, ringBits, new BigUint64Array(count)) };
}

/** Bytes `begin` to `end` of a file. */
function readRange(file: string, begin: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const descriptor = openSync(file, 'r');
  try {
    for (let at = 0; at < length; ) {
      const read = readSync(descriptor, bytes, at, length - at, begin + at);
      if (read === 0) throw new NodeFolderError(`${file}: expected ${length} bytes at ${begin}, got ${at}`);
      at += read;
    }
  } finally {
    closeSync(descriptor);
  }
  return bytes;
}

/** A node's components of every entry: from seeds, and the rest from the file. Nothing of a large model is read here. */
function sharesIn(file: string, node: NodeIndex, suite: Suite, entries: readonly ModelEntry[]) {
  const seeds = readRange(file, 0, node === 0 ? 2 * SEED_BYTES : SEED_BYTES);
  const prg = Prg.fromSecretSeed(seeds.subarray(0, SEED_BYTES), suite);
  const other = node === 0 ? Prg.fromSecretSeed(seeds.subarray(SEED_BYTES), suite) : null;
  let at = SEED_BYTES;
  return new Map<string, Components<Share>>(
    entries.map((entry) => {
      const { name, count, ringBits } = entry;
      const seeded = seededWords(prg, entry);
      if (other) return [name, [seeded, seededWords(other, entry)] as const] as const;
      const begin = at;
      at += packedBytes(entry);
      const words = (): BigUint64Array => {
        const words = new BigUint64Array(count);
        kernels.ringUnpack(readRange(file, begin, packedBytes(entry)), ringBits, words);
        return words;
      };
      const rest: Share = { words, place: null };
      return [name, node === 1 ? ([seeded, rest] as const) : ([rest, seeded] as const)] as const;
    }),
  );
}

/** @throws NodeFolderError, ArtifactError; ExposedSecretError if others may read the shares */
export async function readNodeModel(directory: string): Promise<NodeModel> {
  const manifestBytes = await readChecked(directory, MANIFEST_NAME);
  let literal: unknown;
  try {
    literal = JSON.parse(new TextDecoder().decode(manifestBytes));
  } catch {
    throw new NodeFolderError(`${join(directory, MANIFEST_NAME)}: not JSON`);
  }
  const parsed = manifestSchema.safeParse(literal);
  if (!parsed.success)
    throw new NodeFolderError(`${join(directory, MANIFEST_NAME)}: ${parsed.error.issues[0]?.message}`);
  const { node, sharing, suite, publicSha256, sharesSha256 } = parsed.data;
  const publicBytes = await readChecked(directory, PUBLIC_NAME, publicSha256);
  const publicPart = parsePublicPart(publicBytes);
  const { length } = await readChecked(directory, SHARES_NAME, sharesSha256);
  await checkOwnerOnly(join(directory, SHARES_NAME));
  const entries = await modelEntries(publicPart.model, null);
  const file = join(directory, SHARES_NAME);
  const expected =
    node === 0 ? 2 * SEED_BYTES : SEED_BYTES + entries.reduce((sum, entry) => sum + packedBytes(entry), 0);
  if (length !== expected) throw new NodeFolderError(`${file}: expected ${expected} bytes, got ${length}`);
  return { node, sharing, suite, publicPart, publicBytes, shares: sharesIn(file, node, suite, entries) };
}
