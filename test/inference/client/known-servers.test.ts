import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { KnownServers } from '../../../inference/client/known-servers.js';
import { ModelChangedError } from '../../../inference/client/model-changed-error.js';

const folder = mkdtempSync(join(tmpdir(), 'known-servers-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [one, two] = ['1'.repeat(64), '2'.repeat(64)];

it('trusts on first use, is silent while nothing changes, and refuses another model by name', async () => {
  const known = new KnownServers(join(folder, 'a'));
  expect(await known.check('host:1', one)).toBe(true);
  expect(await known.seen('host:1')).toBeNull();
  expect(await known.remember('host:1', one)).toBe(true);
  expect(await known.check('host:1', one)).toBe(false);
  await expect(known.check('host:1', two)).rejects.toThrow(ModelChangedError);
  // Options are the command line's: it adds what to do (cli/advice.ts).
  await expect(known.check('host:1', two)).rejects.toThrow(/^[^-]*$/);
  await expect(known.check('host:1', two)).rejects.toThrow(/host:1 had the model 1{64} and now has 2{64}/);
  expect(await known.check('host:2', two)).toBe(true);
});

it('accepts a changed model once that is asked for, and remembers that one', async () => {
  const below = join(folder, 'b');
  await new KnownServers(below).remember('host:1', one);
  const accepting = new KnownServers(below, true);
  expect(await accepting.check('host:1', two)).toBe(true);
  await accepting.remember('host:1', two);
  expect(await new KnownServers(below).check('host:1', two)).toBe(false);
  await expect(new KnownServers(below).check('host:1', one)).rejects.toThrow(ModelChangedError);
});

it('keeps every address in the folder, whatever it looks like', async () => {
  const below = join(folder, 'c');
  const known = new KnownServers(below);
  await fc.assert(
    fc.asyncProperty(fc.stringMatching(/^[!-~]{1,40}$/), async (address) => {
      expect(await known.remember(address, one)).toBe(true);
      expect(await known.seen(address)).toBe(one);
    }),
    { numRuns: 50, examples: [['../../up:1'], ['..'], ['.'], ['[::1]:7643'], ['a/b:1']] },
  );
  expect(readdirSync(folder).sort()).toEqual(['a', 'b', 'c']);
});

it('takes a damaged record for none, and goes on without a folder that can be written', async () => {
  const below = join(folder, 'd');
  await new KnownServers(below).remember('h:1', one);
  writeFileSync(join(below, readdirSync(below)[0]!), 'nonsense');
  expect(await new KnownServers(below).check('h:1', two)).toBe(true);
  writeFileSync(join(folder, 'd', 'file'), '');
  expect(await new KnownServers(join(folder, 'd', 'file', 'x')).remember('h:1', one)).toBe(false);
});
