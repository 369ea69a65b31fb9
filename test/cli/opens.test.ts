/** What a client lets a model open: nothing unless it says otherwise, and a refusal before any work. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeArtifact } from '../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { runHere, start } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'opens-'));
const [counts, scheduled] = [join(folder, 'counts'), join(folder, 'scheduled')];
beforeAll(async () => {
  await writeArtifact(counts, tinyArtifact());
  await writeArtifact(scheduled, tinyArtifact({ scheduled: true }));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function serving(path: string, body: (address: string) => Promise<void>): Promise<string> {
  const server = start('serve', '--artifact', path, '--port', '0', '--until-stdin-closes');
  try {
    await body(`127.0.0.1:${(await server.line(/^listening on 127\.0\.0\.1:(\d+)$/m))[1]}`);
  } finally {
    server.child.stdin!.end();
  }
  return (await server.outcome).stderr;
}

const infer = (address: string, ...more: readonly string[]) =>
  runHere('infer', '--connect', address, '--text', 'a good movie', '--json', ...more);

it('refuses by name a server whose model opens counts, before any work, unless counts are accepted', async () => {
  const log = await serving(counts, async (address) => {
    for (const more of [[], ['--opens', 'nothing']]) {
      const refused = await infer(address, ...more);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain('opens how many tokens each layer keeps (opens: counts)');
      expect(refused.stderr).toContain('--opens counts');
    }
    const { leaks } = JSON.parse((await infer(address, '--opens', 'counts')).stdout);
    expect(leaks.map(({ name }: { name: string }) => name)).toContain('kept-token-count');
  });
  expect(log.match(/text \d+, \d+ tokens padded/g)).toHaveLength(1);
});

it('takes a model with a schedule as it is, and tells what was opened', async () => {
  await serving(scheduled, async (address) => {
    const result = JSON.parse((await infer(address)).stdout);
    expect(result.leaks).toEqual([
      { name: 'length-bucket', to: 'server', count: 1 },
      { name: 'shuffled-order', to: 'all', count: 1 },
      { name: 'label', to: 'client', count: 1 },
      { name: 'probabilities', to: 'client', count: 1 },
    ]);
    expect(result.layers.map(({ kept, important }: Record<string, number>) => [kept, important])).toEqual([
      [6, 4],
      [1, 1],
    ]);
  });
});

it('inspect shows what is opened, and the schedule', async () => {
  const json = async (path: string) => JSON.parse((await runHere('inspect', path, '--json')).stdout);
  expect(await json(counts)).toMatchObject({ opens: 'counts', schedule: null });
  expect(await json(scheduled)).toMatchObject({
    opens: 'nothing',
    schedule: [
      { tokens: 8, layers: [{ kept: 6, important: 4 }] },
      { tokens: 16, layers: [{ kept: 14, important: 8 }] },
    ],
  });
  const shown = (await runHere('inspect', scheduled)).stdout;
  expect(shown).toContain('nothing but the answer');
  expect(shown).toContain('14 (8 high)');
});
