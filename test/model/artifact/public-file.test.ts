import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embed } from '../../../inference/engine/embedding.js';
import { readPublicPart, serializePublicPart } from '../../../model/artifact/artifact-file.js';
import { openPublicFile, withWordsOf } from '../../../model/artifact/public-file.js';
import type { PublicPart } from '../../../model/artifact/public-part.js';
import { packageFile } from '../../../util/package-file.js';

describe('a public part on the disk', () => {
  let folder: string;
  let path: string;
  let whole: PublicPart;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-public-file-'));
    path = join(folder, 'public.bin');
    whole = await readPublicPart(packageFile('data', 'demo-model'));
    await writeFile(path, serializePublicPart(whole));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is the same model, and texts are embedded alike', async () => {
    await using file = await open(path);
    const opened = await openPublicFile(file);
    expect(opened.part.digest).toBe(whole.digest);
    expect(opened.part.commitment).toBe(whole.commitment);
    expect({ ...opened.part.model, embedding: null }).toEqual({ ...whole.model, embedding: null });
    expect(opened.part.model.embedding.word).toBeNull();
    const ids = [2, 57, 99, 57, 3];
    const text = await withWordsOf(opened, ids);
    const tokenTypes = ids.map(() => 0);
    expect(text.model.embedding.word!.inputs).toBe(4);
    expect(embed(text.model, { ids: text.ids, tokenTypes })).toEqual(embed(whole.model, { ids, tokenTypes }));
    await expect(withWordsOf(opened, [1_000_000])).rejects.toThrow(/expected a word below/);
  });

  it.each([
    [
      'a changed byte of the table',
      (bytes: Uint8Array) => bytes.with(bytes.length >> 1, bytes[bytes.length >> 1]! ^ 1),
    ],
    ['a missing end', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 5)],
    ['more bytes', (bytes: Uint8Array) => new Uint8Array(Buffer.concat([bytes, new Uint8Array(1)]))],
    ['another manifest', (bytes: Uint8Array) => bytes.with(40, bytes[40]! ^ 1)],
  ])('is refused with %s', async (_, change) => {
    const damaged = join(folder, 'damaged.bin');
    await writeFile(damaged, change(new Uint8Array(await readFile(path))));
    const file = await open(damaged);
    await expect(openPublicFile(file)).rejects.toThrow();
    await file.close();
  });
});
