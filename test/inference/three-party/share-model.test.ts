/** A shared model goes where nothing is, or where an older one is, and nowhere else. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readNodeModel, shareModel } from '../../../inference/three-party/share-model.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { writeArtifact } from '../../../model/artifact/artifact-file.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-share-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a shared model', () => {
  it('takes the place of an older one, and of nothing else', async () => {
    const parts = await writeArtifact(join(folder, 'artifact'), tinyArtifact());
    const out = join(folder, 'shares');
    const first = await shareModel(parts, out);
    const second = await shareModel(parts, out);
    expect(second).not.toBe(first);
    expect((await readNodeModel(join(out, '2'))).sharing).toBe(second);
    for (const node of ['0', '1', '2'])
      expect(statSync(join(out, node, 'shares.bin')).mode & 0o777).toBe(0o600);
    chmodSync(join(out, '0', 'shares.bin'), 0o644);
    await expect(readNodeModel(join(out, '0'))).rejects.toThrow('only its owner may read, got rights 0644');

    writeFileSync(join(out, '1', 'notes.txt'), 'mine');
    await expect(shareModel(parts, out)).rejects.toThrow('not replaced: it holds notes.txt');
    expect(readFileSync(join(out, '1', 'notes.txt'), 'utf8')).toBe('mine');
    expect((await readNodeModel(join(out, '2'))).sharing).toBe(second);

    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'thesis.tex'), 'mine');
    await expect(shareModel(parts, other)).rejects.toThrow('not replaced: it holds thesis.tex');
    await expect(shareModel(parts, join(other, 'thesis.tex'))).rejects.toThrow('is a file');
    expect(readdirSync(other)).toEqual(['thesis.tex']);
  });
});
