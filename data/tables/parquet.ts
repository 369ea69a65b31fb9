/** Parquet files, compressed as they come. */
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { DatasetError } from '../sources/dataset-error.js';
import type { Field, TableContent } from './table.js';

/** Objects by column. Throws DatasetError if the bytes are no parquet file. */
export async function parquetObjects(bytes: Uint8Array, file: string): Promise<Record<string, Field>[]> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    return await parquetReadObjects({ file: buffer, compressors });
  } catch (error) {
    throw new DatasetError(`${file}: not a readable parquet file: ${(error as Error).message}`);
  }
}

export async function readParquet(bytes: Uint8Array, file: string): Promise<TableContent> {
  const objects = await parquetObjects(bytes, file);
  if (objects.length === 0) throw new DatasetError(`${file}: expected at least one text, the file is empty`);
  const rows = objects.map((fields, at) => ({ line: at + 1, fields, fault: null }));
  return { columns: Object.keys(objects[0]!), rows, notes: [] };
}
