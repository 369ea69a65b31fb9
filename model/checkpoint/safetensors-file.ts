/** Safetensors files on disk. Sharded checkpoints have an index that names each tensor's file. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomically } from '../write-file-atomically.js';
import {
  parseSafetensors,
  type SafetensorsFile,
  SafetensorsError,
  serializeSafetensors,
  type StoredTensor,
} from './safetensors.js';

export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  return parseSafetensors(await readFile(path), path);
}

export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomically(path, serializeSafetensors(tensors, metadata));
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string().regex(/^[\w.-]+$/)) });

/** Reads a sharded checkpoint by its `*.safetensors.index.json`: all tensors of all its files. */
export async function readShardedSafetensors(indexPath: string): Promise<SafetensorsFile> {
  let literal: unknown;
  try {
    literal = JSON.parse(await readFile(indexPath, 'utf8'));
  } catch (error) {
    throw new SafetensorsError(`${indexPath}: ${(error as Error).message}`);
  }
  const index = indexSchema.safeParse(literal);
  if (!index.success)
    throw new SafetensorsError(`${indexPath}: expected weight_map of tensor names to file names`);
  const tensors = new Map<string, StoredTensor>();
  for (const shard of new Set(Object.values(index.data.weight_map))) {
    const file = await readSafetensors(join(dirname(indexPath), shard));
    for (const [name, tensor] of file.tensors)
      if (index.data.weight_map[name] === shard) tensors.set(name, tensor);
  }
  for (const [name, shard] of Object.entries(index.data.weight_map))
    if (!tensors.has(name)) throw new SafetensorsError(`${indexPath}: tensor ${name}: not in ${shard}`);
  return { tensors, metadata: {} };
}
