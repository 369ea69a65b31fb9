/** Commands that connect to a server elsewhere: over TLS and WebSockets, with a token, to the model that they trust. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTable } from '../../data/tables/table.js';
import { type Server, serve } from '../../index.js';
import { CleartextClassifier } from '../../inference/run/cleartext-classifier.js';
import { addToken } from '../../inference/server/tokens.js';
import { writeArtifact } from '../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { makeCertificates } from '../support/certificates.js';
import { runHere } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-connection-'));
const at = (name: string): string => join(folder, name);
const TEXTS = ['a good movie', 'bad', 'good, good'];
const COUNTS = ['--opens', 'counts'];
let server: Server;
let hasCertificates = false;

beforeAll(async () => {
  hasCertificates = makeCertificates(folder);
  if (!hasCertificates) return;
  await writeArtifact(at('artifact'), tinyArtifact());
  writeFileSync(at('anna.token'), `${await addToken(at('tokens.json'), 'anna')}\n`, { mode: 0o644 });
  writeFileSync(at('texts.csv'), ['id,text', ...TEXTS.map((text, i) => `${i},"${text}"`), ''].join('\n'));
  server = await serve({
    ...{ artifact: at('artifact'), port: 0, web: { port: 0 }, tokens: at('tokens.json') },
    tls: { cert: readFileSync(at('node.pem')), key: readFileSync(at('node.key')) },
  });
});
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

const predict = (connect: string, ...options: string[]) =>
  runHere('predict', '--connect', connect, '--file', at('texts.csv'), '--out', at('out.csv'), ...options);
const trusted = () => ['--tls-ca', at('ca.pem'), '--token-file', at('anna.token')];

async function expected(): Promise<string[]> {
  const clear = await CleartextClassifier.open(at('artifact'));
  return Promise.all(TEXTS.map(async (text) => (await clear.classify(text)).labelName));
}

describe('predict and infer, against a server of TLS and tokens', () => {
  it.for([
    { scheme: 'tls', port: () => server.port },
    { scheme: 'wss', port: () => server.webPort },
  ])('answer a file over $scheme', async ({ scheme, port }, { skip }) => {
    if (!hasCertificates) skip('no openssl here');
    const address = `${scheme}://127.0.0.1:${port()}`;
    const { code, stderr } = await predict(address, ...trusted(), ...COUNTS);
    expect(code, stderr).toBe(0);
    const { rows } = await readTable(at('out.csv'));
    expect(rows.map(({ fields }) => fields.label)).toEqual(await expected());
    const one = ['--text', TEXTS[0]!, '--json'];
    const infer = await runHere('infer', '--connect', address, ...trusted(), ...COUNTS, ...one);
    expect(infer.code, infer.stderr).toBe(0);
    // The token's file was made as a shell makes it.
    expect(infer.stderr).toContain(`got rights 0644 (chmod 600 ${at('anna.token')})`);
    expect(JSON.parse(infer.stdout).labelName).toBe((await expected())[0]);
  });

  it('end with the reason where the token, the authority or the model is not the right one', async ({
    skip,
  }) => {
    if (!hasCertificates) skip('no openssl here');
    const address = `tls://127.0.0.1:${server.port}`;
    const [, , ...token] = trusted();
    const refusals: [string[], RegExp][] = [
      [['--tls-ca', at('ca.pem')], /refuses: expected a token/],
      [['--tls-ca', at('other.pem'), ...token], /over TLS/],
      [[...trusted(), '--model-digest', '0'.repeat(64)], /0000/],
      [[...trusted(), '--opens', 'nothing'], /opens/],
    ];
    for (const [options, reason] of refusals)
      expect(await predict(address, ...COUNTS, ...options)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(reason),
      });
  });

  it('let no token out in the clear, and take no authority for a connection without TLS', async () => {
    writeFileSync(at('some.token'), `cp_${'A'.repeat(43)}\n`);
    for (const [address, option, file] of [
      ['192.0.2.1:7643', '--token-file', 'some.token'],
      ['ws://192.0.2.1:8080', '--token-file', 'some.token'],
      ['127.0.0.1:7643', '--tls-ca', 'ca.pem'],
    ] as const)
      expect(await predict(address, option, at(file))).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(`${option}: expected --connect tls://`),
      });
  });
});
