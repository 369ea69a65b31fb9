/** The file of tokens: nothing that was said to be revoked comes back. */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
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

// Only root may give a file to somebody else.
it.runIf(process.getuid?.() === 0)('leaves the file whose it is, and where it is', async () => {
  const [path, link] = [join(folder, 'served.json'), join(folder, 'link.json')];
  await addToken(path, 'a');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chownSync(path, 12_345, 54_321);
  chmodSync(path, 0o660);
  symlinkSync('served.json', link);
  await revokeToken(link, 'a');
  await addToken(link, 'b');
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  const { uid, gid, mode } = statSync(path);
  expect([uid, gid, mode & 0o777]).toEqual([12_345, 54_321, 0o660]);
  const valid = (await listTokens(path)).filter(({ revoked }) => revoked === undefined);
  expect(valid.map(({ name }) => name)).toEqual(['b']);
});
