/** What users get wrong: each a clear line on standard error, and the exit code that scripts rely on. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { CLIENT_HELLO } from '../../bench/client-hello.js';
import { encodeHello, PROTOCOL_VERSION } from '../../inference/net/hello.js';
import { readPublicPart, writeArtifact } from '../../model/artifact/artifact-file.js';
import { tinyServedModel, toyServer } from '../inference/server/toy-party.js';
import { runHere } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-cli-'));
const artifact = join(folder, 'artifact');
const damaged = join(folder, 'damaged');
beforeAll(async () => {
  await writeArtifact(artifact, tinyArtifact());
  cpSync(artifact, damaged, { recursive: true });
  truncateSync(join(damaged, 'public', 'embedding.safetensors'), 100);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function expectFailure(args: readonly string[], code: number, message: string | RegExp) {
  const outcome = await runHere(...args);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.code).toBe(code);
  expect(outcome.stdout).toBe('');
  expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(outcome.stderr).toMatch(/^cipherprune: /);
}

describe('wrong usage exits with 2', () => {
  it.each([
    [[], 'expected a command'],
    [['frobnicate'], 'frobnicate: no such command; `cipherprune --help` lists them'],
    [['infr', '--text', 'a'], 'infr: no such command (did you mean infer?)'],
    [['serve'], 'serve: expected --artifact'],
    [['serve', '--artifact', 'x', '--prot', '1'], '--prot: serve has no such option (did you mean --port?)'],
    [
      ['serve', '--artifact', 'x', '--colour', 'red'],
      '--colour: serve has no such option; `cipherprune serve --help`',
    ],
    [
      ['infer', '--local', '--no-cach', '--text', 'a'],
      '--cach: infer has no such option (did you mean --cache?)',
    ],
    [['inspect'], 'expected `cipherprune inspect <artifact>`'],
    [['inspect', 'a', 'b'], 'b: not expected; `cipherprune inspect <artifact>` takes no more'],
    [['tokens', 'ad', '--file', 'x'], 'action: expected one of "add", "list", "revoke", got "ad"'],
    [['serve', '--artifact', 'x', '--port', '70000'], '--port: expected a whole number, 0 to 65535'],
    [['serve', '--artifact', 'x', '--timeout', 'soon'], '--timeout: expected a whole number'],
    [['infer', '--text', 'a'], 'one of --connect, --connect-nodes and --local'],
    [
      ['infer', '--local', '--connect', 'h:1', '--text', 'a'],
      'one of --connect, --connect-nodes and --local',
    ],
    [['infer', '--local', '--text', 'a'], '--local needs --artifact'],
    [['infer', '--connect', 'nowhere', '--text', 'a'], '--connect: expected HOST:PORT'],
    [['infer', '--connect', 'h:1'], 'either --text or --file'],
    [['infer', '--connect', 'h:1', '--text', 'a', '--artifact-digest', 'zz'], '64 hexadecimal digits'],
    [['evaluate', '--artifact', 'x', '--data', 'y', '--task', 'sst3'], '--task: expected one of sst2, mrpc'],
    [['evaluate', '--artifact', 'x', '--data', 'y', '--task', 'sst2', '--limit', '0'], '--limit: expected'],
    [
      ['evaluate', '--artifact', 'x', '--data', 'y', '--task', 'sst2', '--backend', 'magic'],
      '--backend: expected one of "cleartext", "two-party", "float", got "magic"',
    ],
    [['evaluate', '--artifact', 'x', '--data', 'y', '--task', 'qnli', '--fold', '6'], '--fold: expected'],
    [
      ['evaluate', '--artifact', 'x', '--data', 'y', '--task', 'qnli', '--fold', '1', '--split', 'test'],
      '--fold splits the dev file: expected --split dev or train',
    ],
    [['insecure-compare', '--text', 'a'], 'either --artifact and --text, or --random'],
    [['insecure-compare', '--artifact', 'x', '--text', 'a', '--random', 'tiny'], 'or --random'],
    [['soup', '--runs', 'a', '--out', 'b'], '--runs: expected two or more, got 1'],
    [
      ['soup', '--runs', 'a', 'b', '--out', './b'],
      '--out: expected a folder of its own, got one of the runs',
    ],
    [['bench', 'scaling', '--model', 'tiny', '--tokens', '32,48'], '--tokens: expected powers of two'],
    [['bench', 'scaling'], 'bert-large, minilm, got none'],
    [['bench', 'kernels', '--only', 'ntt', '--json'], ', got ntt'],
    [
      ['bench', 'inference', '--model', 'tiny', '--counted', '--preprocess'],
      '--counted: expected a text on demand',
    ],
  ])('%j', async (args, message) => {
    await expectFailure(args, 2, message);
  });
});

describe('failures exit with 1 and one clear line', () => {
  it.each([
    ['a missing artifact', () => ['serve', '--artifact', join(folder, 'none')], 'none: no such folder'],
    [
      'a damaged artifact',
      () => ['serve', '--artifact', damaged],
      'public/embedding.safetensors: truncated or changed',
    ],
    [
      'an empty text',
      () => ['infer', '--connect', '127.0.0.1:1', '--text', ' '],
      '--text: the text is empty',
    ],
    [
      'an empty line in a file',
      () => ['infer', '--connect', '127.0.0.1:1', '--file', join(folder, 'texts.tsv')],
      'texts.tsv:2: the text is empty',
    ],
    [
      'a missing file',
      () => ['infer', '--connect', '127.0.0.1:1', '--file', join(folder, 'none.tsv')],
      'no such file',
    ],
    [
      'a port where nobody listens',
      () => ['infer', '--connect', '127.0.0.1:1', '--text', 'a'],
      '127.0.0.1:1 cannot be reached (ECONNREFUSED)',
    ],
    [
      'a missing data set',
      () => ['evaluate', '--artifact', artifact, '--data', folder, '--task', 'sst2'],
      'SST-2',
    ],
    [
      'a local server whose artifact is damaged',
      () => ['infer', '--local', '--artifact', damaged, '--text', 'a'],
      'public/embedding.safetensors: truncated or changed',
    ],
    [
      'three nodes’ folders in place of a file',
      () => ['share-model', '--artifact', artifact, '--out', join(folder, 'file')],
      'expected a folder to write to',
    ],
    [
      'three nodes’ folders in place of others',
      () => ['share-model', '--artifact', artifact, '--out', folder],
      /not replaced: it holds \S+, which is no part of a shared model/,
    ],
    [
      'a mean of models in place of a run',
      () => {
        mkdirSync(join(folder, 'run', 'final'), { recursive: true });
        writeFileSync(join(folder, 'run', 'run.json'), '{}');
        return ['soup', '--runs', 'a', 'b', '--out', join(folder, 'run')];
      },
      'run holds a run already (final): expected another --out',
    ],
    [
      'a mean of models in place of what is no run',
      () => {
        mkdirSync(join(folder, 'models', 'best'), { recursive: true });
        return ['soup', '--runs', 'a', 'b', '--out', join(folder, 'models')];
      },
      'models is not replaced: it holds best, but no run.json',
    ],
    [
      'answers in place of a folder, before any text is classified',
      () => {
        mkdirSync(join(folder, 'answers.csv'), { recursive: true });
        writeFileSync(join(folder, 'rows.csv'), 'text\na\n');
        const files = ['--file', join(folder, 'rows.csv'), '--out', join(folder, 'answers.csv')];
        return ['predict', '--artifact', artifact, ...files];
      },
      'answers.csv: expected a file to write, but it is a folder',
    ],
    [
      'a timeline in place of a file, before anything is measured',
      () => ['bench', 'inference', '--model', 'tiny', '--timeline', join(folder, 'file')],
      'expected a folder to write to',
    ],
    [
      'weights that stay in place of a file, before anybody is asked',
      () => ['infer', '--connect', '127.0.0.1:1', '--resident-weights', join(folder, 'file'), '--text', 'a'],
      'expected a folder to write to',
    ],
  ])('%s', async (_, args, message) => {
    writeFileSync(join(folder, 'texts.tsv'), 'one\n\nthree\n');
    writeFileSync(join(folder, 'file'), 'mine');
    await expectFailure(args(), 1, message);
  });

  it.skipIf(process.platform !== 'linux').each([
    ['sentences', () => ['generate', '--out', '/proc/nothing']],
    ['a timeline', () => ['bench', 'inference', '--model', 'tiny', '--timeline', '/proc/nothing']],
    [
      'answers',
      () => {
        writeFileSync(join(folder, 'rows.csv'), 'text\na\n');
        const files = ['--file', join(folder, 'rows.csv'), '--out', '/proc/nothing/answers.csv'];
        return ['predict', '--artifact', artifact, ...files];
      },
    ],
  ])('%s where the system takes no folders, which Node waits for without an end', async (_, args) => {
    await expectFailure(args(), 1, /ENOENT|EACCES|EPERM/);
  });

  it('a port that speaks something else', async () => {
    const web = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { port } = web.address() as { port: number };
    await expectFailure(
      ['infer', '--connect', `127.0.0.1:${port}`, '--text', 'a'],
      1,
      'the server does not speak CipherPrune (is this the right port?)',
    );
    web.close();
  });

  it('a server that never answers', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const outcome = runHere('infer', '--connect', `127.0.0.1:${port}`, '--text', 'a', '--timeout', '1');
    expect((await outcome).stderr).toContain('sent nothing for 1 s');
    expect((await outcome).code).toBe(1);
    silent.close();
  });

  it('a server of another version', async () => {
    const newer = createServer((socket) => {
      socket.on('error', () => undefined);
      const { modelDigest, protocolDigest } = tinyServedModel().terms;
      socket.end(
        encodeHello({
          ...CLIENT_HELLO,
          ...{ role: 'server', version: 99, publicBytes: 1 },
          ...{ protocolDigest, modelDigest },
        }),
      );
    });
    await new Promise<void>((resolve) => newer.listen(0, '127.0.0.1', resolve));
    const { port } = newer.address() as { port: number };
    await expectFailure(
      ['infer', '--connect', `127.0.0.1:${port}`, '--text', 'a'],
      1,
      `the server speaks protocol version 99, expected ${PROTOCOL_VERSION}; install the same version on both sides`,
    );
    newer.close();
  });

  it('a server with another model than the artifact or the digest that the client was given', async () => {
    const server = await toyServer({ model: tinyServedModel(2) });
    const theirs = tinyServedModel(2).terms.modelDigest;
    const ours = (await readPublicPart(artifact)).digest;
    const connect = ['infer', '--connect', `127.0.0.1:${server.port}`, '--text', 'a'];
    const message = `handshake: expected the model ${ours}, the server has ${theirs}`;
    await expectFailure([...connect, '--artifact', artifact], 1, message);
    await expectFailure([...connect, '--artifact-digest', ours], 1, message);
    await expectFailure(
      [...connect, '--artifact', artifact, '--artifact-digest', theirs],
      1,
      `expected the digest ${theirs}, got ${ours}`,
    );
    await server.close();
  });

  it('shows the stack only with --verbose', async () => {
    const args = ['serve', '--artifact', join(folder, 'none')];
    expect((await runHere(...args)).stderr).not.toContain('    at ');
    expect((await runHere(...args, '--verbose')).stderr).toContain('    at ');
  });
});
