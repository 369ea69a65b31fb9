import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkWritable, makeDirectory } from '../../util/make-directory.js';

const folder = mkdtempSync(join(tmpdir(), 'make-directory-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('folders to write to', () => {
  it('are made with those above them, and may be there', async () => {
    const deep = join(folder, 'a', 'b', 'c');
    await makeDirectory(deep);
    await makeDirectory(deep);
    expect(existsSync(deep)).toBe(true);
  });

  it('are refused below a file, in one sentence', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(makeDirectory(join(file, 'x', 'y'))).rejects.toThrow(/ENOTDIR|EEXIST/);
    await expect(checkWritable(join(file, 'x'))).rejects.toThrow(
      /expected a folder to write to, but .*file is a file/,
    );
  });

  it.skipIf(!existsSync('/proc/self'))(
    'are refused, and not tried for ever, where there can be none',
    async () => {
      await expect(makeDirectory('/proc/nothing/run')).rejects.toThrow(/ENOENT|EACCES|EPERM/);
      await expect(checkWritable('/proc/nothing/run')).rejects.toThrow(/nothing can be written there/);
    },
  );

  it('are looked at without a trace', async () => {
    const before = readdirSync(folder);
    await checkWritable(join(folder, 'not', 'there'));
    expect(readdirSync(folder)).toEqual(before);
  });
});
