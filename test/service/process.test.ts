/** `serve` as a process of its own: configured by file and environment, its log for machines, and what signals do. */
import { once } from 'node:events';
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../index.js';
import { makeCertificates } from '../support/certificates.js';
import { packageFile } from '../../util/package-file.js';
import { serveProcess } from './serve-process.js';

const ARTIFACT = packageFile('data', 'demo-model');
const patience = { timeout: 30_000 };
const TEXT = 'a warm, funny and deeply moving film';
const common = { knownServers: 'ignore', cache: false, opens: 'counts' } as const;

/** The name in the certificate that a server shows. */
async function shownAt(port: number): Promise<unknown> {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return name;
}

describe('a server process', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-process-'));
    await writeFile(
      join(folder, 'serve.yaml'),
      `artifact: ["a=${ARTIFACT}", "b=${ARTIFACT}"]\nport: 0\nlog-format: text\nclient-texts-per-day: 50\n`,
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  const start = (...options: readonly string[]) =>
    serveProcess(['--config', join(folder, 'serve.yaml'), ...options], {
      ...process.env,
      CIPHERPRUNE_SERVE_LOG_FORMAT: 'json',
      CIPHERPRUNE_SERVE_LOG_LEVEL: 'debug',
    });

  it('lets the text that is at work finish at SIGTERM and ends with 0; its log names the run as the client does', async () => {
    const { child, port, log, exit } = await start();
    const client = await connect({ ...common, port, model: 'b' });
    const first = await client.classify(TEXT);
    // SIGHUP reads the models again; this client keeps what it has.
    child.kill('SIGHUP');
    await expect.poll(() => log.some(({ event }) => event === 'reloaded')).toBe(true);
    const second = client.classify(TEXT);
    await expect.poll(() => log.filter(({ event }) => event === 'begun').length).toBe(2);
    child.kill('SIGTERM');
    expect((await second).label).toBe(first.label);
    expect(await exit).toEqual([0, null]);
    await client.close().catch(() => undefined);
    const texts = log.filter(({ event }) => event === 'text');
    expect(texts.map(({ request }) => request)).toEqual([first.request, (await second).request]);
    expect(log.find(({ event }) => event === 'connected')).toMatchObject({ model: 'b', level: 'info' });
    expect(JSON.stringify(log)).not.toContain('moving');
  });

  it.each(['0', '2'])(
    'keeps the models that it has when SIGHUP finds none that can be read, with %s workers',
    async (workers) => {
      const changing = join(folder, `changing-${workers}`);
      await cp(ARTIFACT, changing, { recursive: true });
      const { child, port, log, exit } = await start('--artifact', changing, '--workers', workers);
      await using before = await connect({ ...common, port });
      const { label } = await before.classify(TEXT);
      await writeFile(join(changing, 'public', 'manifest.json'), '{');
      child.kill('SIGHUP');
      await expect.poll(() => log.filter(({ event }) => event === 'reload').length, patience).toBe(1);
      expect(log.find(({ event }) => event === 'reload')).toMatchObject({
        level: 'error',
        msg: expect.stringContaining('manifest.json'),
      });
      expect((await before.classify(TEXT)).label).toBe(label);
      await using after = await connect({ ...common, port });
      expect((await after.classify(TEXT)).label).toBe(label);
      await cp(ARTIFACT, changing, { recursive: true });
      child.kill('SIGHUP');
      await expect.poll(() => log.some(({ event }) => event === 'reloaded'), patience).toBe(true);
      child.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
    },
  );

  it.for(['0', '2'])(
    'shows a renewed certificate after SIGHUP, and keeps the old one where the new one is broken, with %s workers',
    async (workers, { skip }) => {
      const secrets = await mkdtemp(join(folder, 'tls-'));
      if (!makeCertificates(secrets)) skip('no openssl here');
      const [cert, key] = [join(secrets, 'cert.pem'), join(secrets, 'key.pem')];
      const put = async (name: string) => {
        await copyFile(join(secrets, `${name}.pem`), cert);
        await copyFile(join(secrets, `${name}.key`), key);
      };
      await put('node');
      const { child, port, log, exit } = await start(
        ...['--tls-cert', cert, '--tls-key', key, '--workers', workers],
      );
      const ca = await readFile(join(secrets, 'ca.pem'));
      await using early = await connect({ ...common, port, model: 'b', tls: { ca } });
      expect(await shownAt(port)).toBe('node');
      await put('other');
      child.kill('SIGHUP');
      await expect.poll(() => log.some(({ event }) => event === 'reloaded'), patience).toBe(true);
      expect(await shownAt(port)).toBe('other');
      await copyFile(join(secrets, 'node.key'), key); // of another certificate
      child.kill('SIGHUP');
      await expect.poll(() => log.some(({ event }) => event === 'reload'), patience).toBe(true);
      expect(log.find(({ event }) => event === 'reload')).toMatchObject({
        level: 'error',
        msg: expect.stringContaining('the certificate and its key cannot be used'),
      });
      expect(await shownAt(port)).toBe('other');
      expect((await early.classify(TEXT)).labelName).toBe('positive');
      await early.close();
      child.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
    },
  );

  it('loses nothing of a file when it is replaced in the middle', async () => {
    const old = await start();
    const notes: string[] = [];
    const client = await connect({
      ...common,
      port: old.port,
      reconnects: 20,
      onNote: (line) => notes.push(line),
    });
    const first = await client.classify(TEXT);
    old.child.kill('SIGTERM');
    expect(await old.exit).toEqual([0, null]);
    const answer = client.classify(TEXT);
    await expect.poll(() => notes.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await start('--port', String(old.port));
    expect((await answer).label).toBe(first.label);
    await client.close();
  });
});
