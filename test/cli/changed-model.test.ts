/** A server that comes back with other weights, as the client meets it; and the auditor's command. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPublicPart, writeArtifact } from '../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { runHere, start } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'changed-model-'));
const [artifact, other] = [join(folder, 'artifact'), join(folder, 'other')];
beforeAll(async () => {
  await writeArtifact(artifact, tinyArtifact());
  await writeArtifact(other, tinyArtifact());
});
afterAll(() => rmSync(folder, { recursive: true }));

async function serving<T>(path: string, port: string, body: (port: string) => Promise<T>): Promise<T> {
  const server = start('serve', '--artifact', path, '--port', port, '--until-stdin-closes');
  try {
    return await body((await server.line(/^listening on 127\.0\.0\.1:(\d+)$/m))[1]!);
  } finally {
    server.child.stdin!.end();
    await server.outcome;
  }
}

const infer = (port: string, ...more: readonly string[]) =>
  runHere(
    'infer',
    '--connect',
    `127.0.0.1:${port}`,
    '--opens',
    'counts',
    '--text',
    'a good movie',
    '--json',
    ...more,
  );

it('shows a new server with its commitment, then refuses a changed model until it is accepted or pinned', async () => {
  const { digest, commitment } = await readPublicPart(artifact);
  const changed = await readPublicPart(other);
  const port = await serving(artifact, '0', async (at) => {
    const first = await infer(at);
    expect(first.stderr).toBe(
      `cipherprune: 127.0.0.1:${at} is new here: model ${digest}, weights committed to by ${commitment}\n`,
    );
    expect(await infer(at)).toMatchObject({ code: 0, stderr: '' });
    return at;
  });
  await serving(other, port, async () => {
    const refused = await infer(port);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`had the model ${digest} and now has ${changed.digest}`);
    expect(refused.stderr).toContain('--accept-changed-model');
    expect((await infer(port, '--model-digest', changed.digest)).code).toBe(0);
    expect((await infer(port, '--model-digest', digest)).code).toBe(1);
    expect((await infer(port)).code).toBe(1);
    expect((await infer(port, '--accept-changed-model')).code).toBe(0);
    expect(await infer(port)).toMatchObject({ code: 0, stderr: '' });
  });
});

it('verify-commitment opens the commitment for an auditor, and says if another model was committed to', async () => {
  const { commitment } = await readPublicPart(artifact);
  const good = await runHere('verify-commitment', artifact, '--commitment', commitment!, '--json');
  expect(JSON.parse(good.stdout)).toMatchObject({ matches: true, committed: 'weights' });
  const bad = await runHere('verify-commitment', other, '--commitment', commitment!);
  expect(bad).toMatchObject({ code: 1, stdout: '' });
  expect(bad.stderr).toContain(`is not what was committed to: expected ${commitment}`);
  expect((await runHere('verify-commitment', artifact, '--commitment', 'ff')).code).toBe(2);
  const shown = JSON.parse((await runHere('inspect', artifact, '--json')).stdout);
  expect(shown.commitment).toBe(commitment);
});
