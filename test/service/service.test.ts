/** `serve` as operators run it: TLS, tokens, health and metrics, and an end that loses nothing. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, serve } from '../../index.js';
import type { ClientTls } from '../../inference/net/tls.js';
import { addToken, listTokens, revokeToken } from '../../inference/server/tokens.js';
import { packageFile } from '../../util/package-file.js';
import { makeCertificates } from '../support/certificates.js';

const ARTIFACT = packageFile('data', 'demo-model');
const TEXT = 'a warm, funny and deeply moving film';
const common = { knownServers: 'ignore', cache: false, opens: 'counts' } as const;

describe('a service', () => {
  let folder: string;
  let hasCertificates: boolean;
  const file = (name: string) => join(folder, name);
  const pem = (name: string) => readFile(file(name));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-service-'));
    hasCertificates = makeCertificates(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('takes texts over TLS from clients that trust its authority, and from no others', async ({ skip }) => {
    if (!hasCertificates) skip('no openssl here');
    const tls = { cert: await pem('node.pem'), key: await pem('node.key') };
    await using server = await serve({ artifact: ARTIFACT, port: 0, tls });
    await using client = await connect({ ...common, port: server.port, tls: { ca: await pem('ca.pem') } });
    expect((await client.classify(TEXT)).label).toBe(1);
    const other = { ca: await pem('other.pem') };
    await expect(connect({ ...common, port: server.port, tls: other })).rejects.toThrow(/over TLS/);
    await expect(connect({ ...common, port: server.port, timeoutMilliseconds: 3_000 })).rejects.toThrow(
      'one that takes TLS does so to a client without',
    );
  });

  it('asks for a certificate where an authority of clients is given', async ({ skip }) => {
    if (!hasCertificates) skip('no openssl here');
    const [cert, key, ca] = [await pem('node.pem'), await pem('node.key'), await pem('ca.pem')];
    const log: string[] = [];
    await using server = await serve({
      artifact: ARTIFACT,
      port: 0,
      tls: { cert, key, clientCa: ca },
      onLog: (line) => log.push(line),
    });
    await using client = await connect({ ...common, port: server.port, tls: { ca, cert, key } });
    expect((await client.classify(TEXT)).label).toBe(1);
    expect(log.join('\n')).toContain('(node)');
    const turnedAway = (tls: ClientTls, reason: RegExp) =>
      expect(connect({ ...common, port: server.port, tls, timeoutMilliseconds: 3_000 })).rejects.toThrow(
        reason,
      );
    await turnedAway({ ca }, /it asks for a certificate, and was shown none/);
    // Signed by itself, not by the authority.
    const [otherCert, otherKey] = [await pem('other.pem'), await pem('other.key')];
    await turnedAway({ ca, cert: otherCert, key: otherKey }, /or without a certificate that it takes/);
    const refused = () => log.filter((line) => line.includes('TLS: client'));
    await expect.poll(() => refused().length).toBe(2);
    expect(refused().sort()).toEqual([
      expect.stringMatching(
        /TLS: client at \S*127.0.0.1 turned away \(ERR_SSL_\w+: it showed no certificate\)$/,
      ),
      expect.stringMatching(
        /TLS: client turned away \(DEPTH_ZERO_\w+: no authority that is trusted here signed/,
      ),
    ]);
  });

  it('is not for others without TLS, unless it is said', async () => {
    await expect(serve({ artifact: ARTIFACT, host: '0.0.0.0', port: 0 })).rejects.toThrow(/--insecure-plain/);
    await using server = await serve({ artifact: ARTIFACT, host: '0.0.0.0', port: 0, insecurePlain: true });
    expect(server.port).toBeGreaterThan(0);
  });

  it('knows clients by tokens, which can be revoked while it runs; the reason of a refusal is told', async () => {
    const path = file('tokens.json');
    const [anna, ben] = [await addToken(path, 'anna'), await addToken(path, 'ben')];
    expect(await readFile(path, 'utf8')).not.toContain(anna.slice(3));
    await expect(addToken(path, 'anna')).rejects.toThrow(/new name/);
    const log: string[] = [];
    await using server = await serve({
      artifact: ARTIFACT,
      port: 0,
      tokens: path,
      onLog: (line) => log.push(line),
    });
    const { port } = server;
    await using client = await connect({ ...common, port, token: anna });
    expect((await client.classify(TEXT)).label).toBe(1);
    expect(log.join('\n')).toContain('(anna)');
    await expect(connect({ ...common, port })).rejects.toThrow(/refuses: expected a token/);
    await expect(connect({ ...common, port, token: `cp_${'A'.repeat(43)}` })).rejects.toThrow(
      /refuses: .*valid/,
    );
    await expect(connect({ ...common, port, token: 'secret' })).rejects.toThrow(/expected cp_/);
    await chmod(path, 0o644);
    await revokeToken(path, 'ben');
    expect((await stat(path)).mode & 0o777).toBe(0o644);
    await expect(connect({ ...common, port, token: ben })).rejects.toThrow(/refuses: .*valid/);
    expect((await listTokens(path)).map(({ name, revoked }) => [name, revoked !== undefined])).toEqual([
      ['anna', false],
      ['ben', true],
    ]);
    expect(log.join('\n')).not.toContain(anna.slice(3, 20));
  });

  it('says nothing of its files to a client whose token it cannot look up', async () => {
    const path = file('lost-tokens.json');
    const token = await addToken(path, 'anna');
    const log: string[] = [];
    await using server = await serve({
      artifact: ARTIFACT,
      port: 0,
      tokens: path,
      onLog: (line) => log.push(line),
    });
    await rm(path);
    const refused = await connect({ ...common, port: server.port, token }).catch((error: Error) => error);
    expect((refused as Error).message).toMatch(/refuses: something failed at the server/);
    expect(log.join('\n')).toContain(path);
  });

  it('tells a client that comes with a token to a server that asks for none', async () => {
    const token = await addToken(file('other-tokens.json'), 'anna');
    await using server = await serve({ artifact: ARTIFACT, port: 0 });
    await expect(connect({ ...common, port: server.port, token })).rejects.toThrow();
  });

  it('tells a client why there is no place', async () => {
    await using server = await serve({ artifact: ARTIFACT, port: 0, maxClients: 1, queueLength: 0 });
    await using first = await connect({ ...common, port: server.port });
    await expect(connect({ ...common, port: server.port })).rejects.toMatchObject({
      ...{ code: 'ERR_REFUSED', kind: 'busy' },
      message: expect.stringContaining('1 clients are being served'),
    });
    expect((await first.classify(TEXT)).label).toBe(1);
  });

  it('says that it lives, that it takes texts, and what it has done', async () => {
    await using server = await serve({ artifact: ARTIFACT, port: 0, httpPort: 0 });
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${server.httpPort}${path}`);
      return { status: response.status, text: await response.text() };
    };
    expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/elsewhere')).status).toBe(404);
    await using client = await connect({ ...common, port: server.port });
    const { cost } = await client.classify(TEXT);
    const { text } = await get('/metrics');
    expect(text).toContain('cipherprune_texts_total{bucket="16"} 1');
    expect(text).toContain('cipherprune_clients 1');
    const bytes = (direction: string) =>
      Number(new RegExp(`cipherprune_bytes_total\\{direction="${direction}"\\} (\\d+)`).exec(text)?.[1]);
    // The request itself is the client's alone.
    expect(Math.abs(bytes('sent') - cost.receivedBytes)).toBeLessThan(64);
    expect(Math.abs(bytes('received') - cost.sentBytes)).toBeLessThan(64);
  });

  it('lets a text that is at work finish when it ends, and takes no new one', async () => {
    const log: string[] = [];
    const server = await serve({ artifact: ARTIFACT, port: 0, httpPort: 0, onLog: (line) => log.push(line) });
    const busy = await connect({ ...common, port: server.port });
    const idle = await connect({ ...common, port: server.port });
    const text = busy.classify(TEXT);
    await expect
      .poll(async () =>
        (await fetch(`http://127.0.0.1:${server.httpPort}/metrics`).then((r) => r.text())).includes(
          'cipherprune_running_texts 1',
        ),
      )
      .toBe(true);
    const drained = server.drain(30_000);
    expect((await text).label).toBe(1);
    await drained;
    await expect(idle.classify(TEXT)).rejects.toThrow();
    await expect(connect({ ...common, port: server.port })).rejects.toThrow(/cannot be reached/);
    await busy.close().catch(() => undefined);
  });

  it('refuses files of tokens that are something else', async () => {
    await writeFile(file('wrong.json'), '{}');
    await expect(serve({ artifact: ARTIFACT, port: 0, tokens: file('wrong.json') })).rejects.toThrow(
      /wrong\.json/,
    );
    await expect(addToken(file('new.json'), 'a b')).rejects.toThrow(/letters/);
  });
});
