import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Inspection } from '../../cli/inspection.js';
import { runCommandLine } from '../../cli/run.js';
import { writeArtifact } from '../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';

const folder = mkdtempSync(join(tmpdir(), 'inspect-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const directory = join(folder, 'artifact');
const artifact = tinyArtifact();
await writeArtifact(directory, artifact);

/** Runs the command; everything it printed, and its exit code. */
async function inspect(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const collect = (stream: NodeJS.WriteStream): string[] => {
    const written: string[] = [];
    vi.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    return written;
  };
  const [out, err] = [collect(process.stdout), collect(process.stderr)];
  const code = await runCommandLine(['inspect', ...argv]);
  vi.restoreAllMocks();
  return { code, out: out.join(''), err: err.join('') };
}

describe('inspect', () => {
  it('prints one JSON object', async () => {
    const { code, out } = await inspect(directory, '--json');
    expect(code).toBe(0);
    const inspection = JSON.parse(out) as Inspection;
    expect(inspection.config).toEqual(artifact.public.config);
    expect(inspection.thresholds).toEqual(artifact.private.layers.map((layer) => layer.thresholds));
    expect(inspection.ranges).toEqual(artifact.public.ranges);
    expect(inspection.digests.public).toMatch(/^[0-9a-f]{64}$/);
    const listed = inspection.files.filter(({ part }) => part === 'private').map(({ name }) => name);
    expect(listed.sort()).toEqual(['manifest.json', 'thresholds.json', 'weights.safetensors']);
  });

  it('counts the numbers that are stored', async () => {
    const { parameters } = JSON.parse((await inspect(directory, '--json')).out) as Inspection;
    /** All numbers in all vectors and matrices below a value. */
    const count = (value: unknown): number => {
      if (ArrayBuffer.isView(value)) return (value as Int16Array).length;
      return typeof value === 'object' && value !== null
        ? Object.values(value).reduce((n: number, v) => n + count(v), 0)
        : 0;
    };
    expect(parameters).toEqual({
      embedding: count(artifact.public.embedding),
      private: count(artifact.private),
    });
  });

  it('prints for people', async () => {
    const { code, out } = await inspect(directory);
    expect(code).toBe(0);
    expect(out).toMatch(/2 layers, 2 heads, width 8, inner 16/);
    expect(out).toMatch(/prune θ/);
    expect(out).toContain('private/weights.safetensors');
  });

  it('shows a client nothing of the thresholds', async () => {
    const client = join(folder, 'client');
    await writeArtifact(client, artifact);
    rmSync(join(client, 'private'), { recursive: true });
    const { code, out } = await inspect(client);
    expect(code).toBe(0);
    expect(out).not.toMatch(/prune θ/);
    expect(out).toMatch(/not here/);
    expect((JSON.parse((await inspect(client, '--json')).out) as Inspection).thresholds).toBeNull();
  });

  it('fails with one clear line on what it cannot read', async () => {
    const missing = await inspect(join(folder, 'nowhere'), '--json');
    expect([missing.code, missing.out]).toEqual([1, '']);
    expect(missing.err).toMatch(/^cipherprune: artifact .*nowhere: no such folder\n$/);
    writeFileSync(join(directory, 'private', 'thresholds.json'), '[]');
    const damaged = await inspect(directory);
    expect(damaged.code).toBe(1);
    expect(damaged.err).toMatch(/private\/thresholds\.json: truncated or changed: expected \d+ bytes, got 2/);
    expect((await inspect()).code).toBe(2);
  });
});
