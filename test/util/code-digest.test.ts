import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PointsFile } from '../../experiments/paper/points-file.js';
import { codeDigest } from '../../util/code-digest.js';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

it('is of this code, and the same each time', () => {
  expect(codeDigest()).toMatch(/^[0-9a-f]{16}$/);
  expect(codeDigest()).toBe(codeDigest());
  expect(codeDigest()).not.toBe(createHash('sha256').digest('hex').slice(0, 16));
});

it('decides which points of a paper stay', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cipherprune-points-'));
  folders.push(folder);
  const first = await PointsFile.open(folder, 'a');
  await first.add({ id: 'bench', code: 'a', at: '', status: 'done', seconds: 1, result: {} });
  expect((await PointsFile.open(folder, 'a')).get('bench')?.code).toBe('a');
  expect((await PointsFile.open(folder, 'b')).get('bench')).toBeNull();
  expect(await readFile(first.path, 'utf8')).toBe('');
});
