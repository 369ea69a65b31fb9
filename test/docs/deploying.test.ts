/** docs/guide/deploying.md, its first section as it stands: every line, in a shell, from an empty folder. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CleartextClassifier } from '../../inference/run/cleartext-classifier.js';
import { packageFile } from '../../util/package-file.js';
import { hasPrograms, plainEnvironment } from '../package/run.js';
import { ending } from '../support/child-processes.js';
import { compiledFile } from '../support/compiled.js';
import { freePorts } from '../../util/free-addresses.js';

/** Eight programs start one after the other: some 20 s on a quiet machine, minutes on one that others use. */
const PATIENCE_MILLISECONDS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-deploying-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the page installs: this package, as it is here. */
const STAND_INS = {
  npm: `mkdir -p node_modules && ln -s '${packageFile()}' node_modules/cipherprune`,
  cipherprune: `exec '${process.execPath}' '${compiledFile('cli', 'main.js')}' "$@"`,
};

function programs(): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, body] of Object.entries(STAND_INS))
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return bin;
}

/** The commands of a section, one after the other. */
function commandsOf(page: string, section: string): string {
  const [, text] = readFileSync(page, 'utf8').split(`\n## ${section}\n`);
  const blocks = text!.split('\n## ')[0]!.matchAll(/```sh\n([\s\S]*?)```/g);
  return Array.from(blocks, ([, block]) => block).join('');
}

async function shell(script: string, cwd: string): Promise<{ code: number | null; stdout: string }> {
  const env = {
    ...plainEnvironment(),
    PATH: [programs(), process.env.PATH].join(delimiter),
    XDG_CACHE_HOME: folder,
  };
  // A group of its own, so that nothing outlives it.
  const child = ending(
    spawn('sh', ['-e', '-c', script], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }),
    { isGroup: true },
  );
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk) => {
      written[stream] += chunk;
    });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(code, written.stdout + written.stderr).toBe(0);
  return { code, ...written };
}

const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

it(
  'makes a certificate, a token and a service, and loses nothing when the server ends in the middle of a file',
  async ({ skip }) => {
    if (!hasPrograms('openssl', 'curl', 'sh')) skip('no openssl or curl here');
    const [port, http] = await freePorts(2);
    const script = commandsOf(packageFile('docs', 'guide', 'deploying.md'), 'From an empty folder');
    expect(script).toContain('kill -TERM $SERVER');
    const home = join(folder, 'home');
    mkdirSync(home);
    const { stdout } = await shell(
      script.replaceAll('7643', String(port)).replaceAll('9090', String(http)),
      home,
    );
    expect(stdout).toContain('the server ended with 0');
    expect(stdout).toContain('the client ended with 0');
    expect(stdout).toMatch(/^cipherprune_texts_total\{bucket="16"\} 1$/m);

    const answers = linesOf(join(home, 'answers.jsonl'));
    const texts = readFileSync(join(home, 'texts.txt'), 'utf8').trimEnd().split('\n');
    const clear = await CleartextClassifier.open(packageFile('data', 'demo-model'));
    const labels = await Promise.all(texts.map(async (text) => (await clear.classify(text)).label));
    expect(answers.map(({ text, label }) => [text, label])).toEqual(
      texts.map((text, i) => [text, labels[i]]),
    );
    // The file was answered by both servers, each of its texts once.
    const served = linesOf(join(home, 'server.log')).filter(({ event }) => event === 'text');
    expect(served).toHaveLength(1 + texts.length);
    expect(new Set(served.map((record) => record.process)).size).toBe(2);
    expect(served.slice(1).map(({ request }) => request)).toEqual(answers.map(({ request }) => request));
  },
  PATIENCE_MILLISECONDS,
);
