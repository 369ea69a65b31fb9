/** `infer --warm`: material for texts before they come, as processes of their own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeArtifact } from '../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { runHere, start } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-warm-'));
const artifact = join(folder, 'artifact');
beforeAll(() => writeArtifact(artifact, tinyArtifact()));
afterAll(() => rmSync(folder, { recursive: true }));

describe('infer --warm', () => {
  const lines = (stdout: string) =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  const bytes = ({ sentBytes, receivedBytes }: { sentBytes: number; receivedBytes: number }) =>
    sentBytes + receivedBytes;

  it('makes material before the first line of a file and between lines, and reports it apart', async () => {
    const texts = join(folder, 'warm.tsv');
    writeFileSync(texts, 'a good movie\na good movie\na good movie\n');
    const run = async (...more: readonly string[]) =>
      lines(
        (await runHere('infer', '--local', '--artifact', artifact, '--file', texts, '--json', ...more))
          .stdout,
      );
    const [cold, warm] = [await run(), await run('--warm', '2')];
    expect(warm.map(({ label, layers }) => [label, layers.length])).toEqual(
      cold.map(({ label, layers }) => [label, layers.length]),
    );
    for (const [i, { cost }] of warm.entries()) expect(bytes(cost)).toBeLessThan(bytes(cold[i].cost));
    expect(warm[0].cost.offline.rounds).toBeGreaterThan(cold[0].cost.offline.rounds);
    expect(warm[1].cost.offline.sentBytes).toBeGreaterThan(0);
  });

  it('answers line by line on standard input, and fills while it waits', async () => {
    const client = start(
      ...[
        'infer',
        '--local',
        '--artifact',
        artifact,
        '--file',
        '-',
        '--warm',
        '1',
        '--cots',
        'ferret',
        '--json',
      ],
    );
    client.child.stdin!.write('{"text": "a good movie"}\n');
    await client.line(/^.*\n/);
    client.child.stdin!.write('{"text": "a bad movie"}\n');
    await client.line(/^.*\n.*\n/);
    client.child.stdin!.end('{"text": ""}\n');
    const { code, stdout, stderr } = await client.outcome;
    expect(lines(stdout).map(({ text }) => text)).toEqual(['a good movie', 'a bad movie']);
    expect(code).toBe(1);
    expect(stderr).toBe('cipherprune: standard input:3: the text is empty\n');
  });

  it('says when the server keeps nothing', async () => {
    const server = start('serve', '--artifact', artifact, '--port', '0', '--ahead-memory', '0');
    const port = (await server.line(/^listening on 127\.0\.0\.1:(\d+)$/m))[1]!;
    const { code, stderr } = await runHere(
      ...[
        'infer',
        '--connect',
        `127.0.0.1:${port}`,
        '--opens',
        'counts',
        '--text',
        'good',
        '--warm',
        '1',
        '--no-cache',
      ],
    );
    expect(code).toBe(0);
    expect(stderr).toContain('the server makes nothing ahead (serve --ahead-memory)');
    server.child.kill('SIGINT');
    await server.outcome;
  });
});
