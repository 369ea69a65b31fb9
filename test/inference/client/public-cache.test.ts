import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readCached, writeCached } from '../../../inference/client/public-cache.js';
import { serializePublicPart } from '../../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../../model/artifact/public-part.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';

const folder = mkdtempSync(join(tmpdir(), 'public-cache-'));
afterAll(() => rmSync(folder, { recursive: true }));
const part = encodePublicPart(tinyArtifact().public);
const other = encodePublicPart(tinyArtifact({ seed: 2 }).public);
const bytes = serializePublicPart(part);

it('keeps a public part by its digest, and nothing besides', async () => {
  const below = join(folder, 'new');
  expect(await readCached(below, part.digest)).toBeNull();
  expect(await writeCached(below, part.digest, bytes)).toBe(true);
  expect((await readCached(below, part.digest))!.model).toEqual(part.model);
  expect(await readCached(below, other.digest)).toBeNull();
  expect(readdirSync(below)).toEqual([`${part.digest}.bin`]);
});

it('writes two copies at the same time without mixing them', async () => {
  const below = join(folder, 'twice');
  const written = await Promise.all([1, 2, 3].map(() => writeCached(below, part.digest, bytes)));
  expect(written).toEqual([true, true, true]);
  expect(readdirSync(below)).toEqual([`${part.digest}.bin`]);
  expect((await readCached(below, part.digest))!.digest).toBe(part.digest);
});

it('takes a damaged or swapped file for absent', async () => {
  const path = join(folder, `${part.digest}.bin`);
  await writeCached(folder, part.digest, bytes);
  const damaged = readFileSync(path);
  damaged[damaged.length >> 1]! ^= 1;
  writeFileSync(path, damaged);
  expect(await readCached(folder, part.digest)).toBeNull();
  writeFileSync(path, serializePublicPart(other));
  expect(await readCached(folder, part.digest)).toBeNull();
});

it('goes on without a folder that can be written', async () => {
  expect(await writeCached(join(folder, `${part.digest}.bin`, 'no-folder'), part.digest, bytes)).toBe(false);
});
