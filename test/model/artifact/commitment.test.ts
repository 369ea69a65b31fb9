/**
 * The public part commits to the weights. On 6373bb7 the first test fails: two models with other weights and thresholds
 * have one public digest there, which is all that a client can pin.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Artifact } from '../../../model/artifact/artifact.js';
import { readArtifact, readPublicPart, writeArtifact } from '../../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';

const folder = mkdtempSync(join(tmpdir(), 'commitment-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The same public model with other thresholds: what a server that looks for a word would serve. */
function withOtherThresholds(artifact: Artifact): Artifact {
  const layers = artifact.private.layers.map((layer) => ({
    ...layer,
    thresholds: { prune: 0.75, reduce: 1.5 },
  }));
  return { ...artifact, private: { ...artifact.private, layers } };
}

describe('commitment to the weights', () => {
  it('gives models with other private parts other public digests', async () => {
    const artifact = tinyArtifact();
    const paths = [join(folder, 'one'), join(folder, 'two')] as const;
    await writeArtifact(paths[0], artifact);
    await writeArtifact(paths[1], withOtherThresholds(artifact));
    const [one, two] = [await readPublicPart(paths[0]), await readPublicPart(paths[1])];
    expect(one.model).toEqual(two.model);
    expect(one.digest).not.toBe(two.digest);
  });

  it('takes a fresh salt each time, which stays in the private part', async () => {
    const path = join(folder, 'salted');
    const first = await writeArtifact(path, tinyArtifact());
    const second = await writeArtifact(path, tinyArtifact());
    expect(first.publicPart.commitment).toMatch(/^[0-9a-f]{64}$/);
    expect(second.publicPart.commitment).not.toBe(first.publicPart.commitment);
    const { salt } = (await readArtifact(path)).privatePart;
    expect(salt).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(join(path, 'public', 'manifest.json'), 'utf8')).not.toContain(salt!);
  });

  it('refuses a private part that was swapped and signed again', async () => {
    const [path, other] = [join(folder, 'mine'), join(folder, 'other')];
    await writeArtifact(path, tinyArtifact());
    await writeArtifact(other, withOtherThresholds(tinyArtifact()));
    cpSync(join(other, 'private'), join(path, 'private'), { recursive: true });
    const { publicDigest } = JSON.parse(
      readFileSync(join(other, 'private', 'manifest.json'), 'utf8'),
    ) as Record<string, string>;
    const { sha256 } = await import('../../../model/sha256.js');
    const mine = (await readPublicPart(path)).digest;
    const { digest: _, ...body } = JSON.parse(
      readFileSync(join(path, 'private', 'manifest.json'), 'utf8').replace(publicDigest!, mine),
    ) as Record<string, unknown>;
    const digest = sha256(JSON.stringify(body));
    writeFileSync(join(path, 'private', 'manifest.json'), JSON.stringify({ ...body, digest }));
    await expect(readArtifact(path)).rejects.toThrow(/expected what the public part commits to/);
  });
});
