import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readArtifact, writeArtifact } from '../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { runHere } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'reschedule-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [from, to, texts] = ['from', 'to', 'texts.txt'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
beforeAll(() => writeArtifact(from, tinyArtifact()));

it('gives an artifact a schedule by its own thresholds and texts, and takes it away again', async () => {
  writeFileSync(
    texts,
    `${Array.from({ length: 30 }, (_, i) => `a good movie${' bad'.repeat(i % 3)}`).join('\n')}\n`,
  );
  const done = await runHere('reschedule', '--artifact', from, '--out', to, '--calibrate', texts, '--json');
  expect(done.code).toBe(0);
  const report = JSON.parse(done.stdout);
  expect(report).toMatchObject({ opens: 'schedule', texts: 30 });
  const before = await readArtifact(from);
  const after = await readArtifact(to);
  expect(after.artifact.public.schedule).toEqual(report.schedule);
  expect(after.artifact.private).toEqual(before.artifact.private);
  expect(after.publicPart.digest).toBe(report.digest);

  expect((await runHere('reschedule', '--artifact', to, '--out', to, '--opens', 'counts')).code).toBe(0);
  expect((await readArtifact(to)).artifact).toEqual(before.artifact);
});

it('says what it needs', async () => {
  const none = await runHere('reschedule', '--artifact', from, '--out', to);
  expect(none).toMatchObject({ code: 2 });
  expect(none.stderr).toContain('expected --calibrate FILE');
  const dense = join(folder, 'dense');
  await writeArtifact(dense, tinyArtifact({ prunes: false }));
  writeFileSync(texts, 'a good movie\n');
  const refused = await runHere('reschedule', '--artifact', dense, '--out', to, '--calibrate', texts);
  expect(refused.stderr).toContain('expected a model that prunes');
});
