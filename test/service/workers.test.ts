/** `serve --workers`: clients of one process are not those of another, and all of them are counted together. */
import type { ChildProcess } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { connect } from '../../index.js';
import { packageFile } from '../../util/package-file.js';
import { type Running, serveProcess } from './serve-process.js';

const ARTIFACT = packageFile('data', 'demo-model');
const TEXT = 'a warm, funny and deeply moving film';
const common = { knownServers: 'ignore', cache: false, opens: 'counts' } as const;

const connectionOf = ({ request }: { readonly request?: string }): string => request!.split('-')[0]!;

describe('workers', () => {
  const start = (artifact: string, ...options: string[]) =>
    serveProcess([
      ...[
        '--artifact',
        artifact,
        '--port',
        '0',
        '--http',
        '0',
        '--log-format',
        'json',
        '--log-level',
        'debug',
      ],
      ...options,
    ]);

  const httpOf = (log: Running['log']): number =>
    Number(/:(\d+)\/$/.exec(String(log.find(({ event }) => event === 'listening')?.msg))?.[1]);

  const workerOf = (log: Running['log'], connection: string): number =>
    Number(log.find((record) => record.event === 'connected' && record.connection === connection)?.worker);

  /** Children of the process that listens, by their place. */
  async function pids(child: ChildProcess): Promise<number[]> {
    const { readFile } = await import('node:fs/promises');
    const text = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    return text.trim().split(' ').map(Number);
  }

  it.skipIf(process.platform !== 'linux')(
    'that is killed takes its own clients with it: they come back, others notice nothing',
    async () => {
      const { child, port, log, exit } = await start(ARTIFACT, '--workers', '2');
      const notes: string[] = [];
      const clients = await Promise.all(
        [0, 1].map(() => connect({ ...common, port, reconnects: 20, onNote: (line) => notes.push(line) })),
      );
      const first = await Promise.all(clients.map((client) => client.classify(TEXT)));
      const workers = first.map((answer) => workerOf(log, connectionOf(answer)));
      expect([...workers].sort()).toEqual([1, 2]);
      const running = clients.map((client) => client.classify(TEXT));
      await expect.poll(() => log.filter(({ event }) => event === 'begun').length).toBe(4);
      process.kill((await pids(child))[workers[0]! - 1]!, 'SIGKILL');
      const second = await Promise.all(running);
      expect(second.map(({ label }) => label)).toEqual(first.map(({ label }) => label));
      expect(notes.length).toBeGreaterThan(0);
      expect(log.find(({ event }) => event === 'worker')).toMatchObject({
        worker: workers[0],
        reason: 'SIGKILL',
        connections: 1,
      });
      // The other client's connection is the one that it had.
      expect(connectionOf(second[1]!)).toBe(connectionOf(first[1]!));
      expect(await (await fetch(`http://127.0.0.1:${httpOf(log)}/readyz`)).text()).toBe('ready\n');
      const metrics = await (await fetch(`http://127.0.0.1:${httpOf(log)}/metrics`)).text();
      expect(metrics).toMatch(/^cipherprune_clients 2$/m);
      const third = clients[1]!.classify(TEXT);
      await expect.poll(() => log.filter(({ event }) => event === 'begun').length).toBe(6);
      child.kill('SIGTERM');
      expect((await third).label).toBe(first[1]!.label);
      expect(await exit).toEqual([0, null]);
      await Promise.all(clients.map((client) => client.close().catch(() => undefined)));
    },
  );

  it('counts what a client asks for, whichever worker serves it', async () => {
    const { child, port, exit } = await start(ARTIFACT, '--workers', '2', '--client-texts-per-day', '1');
    const [one, other] = [await connect({ ...common, port }), await connect({ ...common, port })];
    await one.classify(TEXT);
    await expect(other.classify(TEXT)).rejects.toThrow('1 texts a day, 1 were used');
    await Promise.all([one.close(), other.close()]);
    child.kill('SIGINT');
    expect(await exit).toEqual([130, null]);
  });

  it.skipIf(process.platform !== 'linux')('that takes more memory than it may is ended', async () => {
    await expect(start(ARTIFACT, '--workers', '1', '--worker-memory', '64')).rejects.toThrow(
      /worker 1: took \d+ MB, at most 64 are given/,
    );
  });

  it('says what is no model before any begins', async () => {
    await expect(start('test', '--workers', '2')).rejects.toThrow(/manifest\.json/);
  });
});
