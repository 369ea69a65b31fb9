import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../cli/run.js';
import { readGlue } from '../../data/sources/glue.js';
import { generateSynthetic } from '../../data/sources/synthetic.js';

const folder = mkdtempSync(join(tmpdir(), 'generate-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

describe('generate', () => {
  it('writes what the reader of sst2 reads', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(
      await runCommandLine(['generate', '--out', folder, '--seed', '5', '--train', '30', '--dev', '7']),
    ).toBe(0);
    const expected = generateSynthetic({ seed: 5, train: 30, dev: 7 });
    expect((await readGlue(folder, 'sst2', 'train')).examples).toEqual(expected.train);
    expect((await readGlue(folder, 'sst2', 'dev')).examples).toEqual(expected.dev);
  });

  it('checks its options', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await runCommandLine(['generate'])).toBe(2);
    expect(await runCommandLine(['generate', '--out', folder, '--train', '0'])).toBe(2);
  });
});
