/** The file of tokens: nothing that was said to be revoked comes back. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { addToken, listTokens, revokeToken } from '../../../inference/server/tokens.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-tokens-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('does all that is asked for at the same time', async () => {
  const path = join(folder, 'tokens.json');
  for (const name of ['a', 'b', 'c', 'd']) await addToken(path, name);
  await Promise.all([
    ...['a', 'b', 'c'].map((name) => revokeToken(path, name)),
    addToken(path, 'e'),
    addToken(path, 'f'),
  ]);
  const valid = (await listTokens(path)).filter(({ revoked }) => revoked === undefined);
  expect(valid.map(({ name }) => name).sort()).toEqual(['d', 'e', 'f']);
  const twice = await Promise.allSettled([addToken(path, 'g'), addToken(path, 'g')]);
  expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(readdirSync(folder)).toEqual(['tokens.json']);
});
