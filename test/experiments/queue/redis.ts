/** A Redis of a test's own, from the distribution's package. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ending } from '../../support/child-processes.js';

const PROGRAMS = ['redis-server', 'valkey-server'];

/** The program that is installed here; null without any. */
export const redisProgram = (): string | null =>
  PROGRAMS.find((name) => spawnSync(name, ['--version']).status === 0) ?? null;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

async function untilReady(child: ChildProcess): Promise<void> {
  for await (const chunk of child.stdout!) if (String(chunk).includes('Ready to accept')) return;
  throw new Error('redis: ended before it was ready');
}

export async function startRedis(program: string): Promise<TestRedis> {
  const [folder, port] = [await mkdtemp(join(tmpdir(), 'redis-test-')), await freePort()];
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const child = ending(spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'] }));
  await untilReady(child);
  child.stdout.resume();
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
