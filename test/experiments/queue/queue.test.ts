import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePoints, missing } from '../../../experiments/paper/make-points.js';
import { type KeptPoint, pointOf } from '../../../experiments/paper/point.js';
import { PointsFile } from '../../../experiments/paper/points-file.js';
import { connectRedis, queueName } from '../../../experiments/queue/connection.js';
import { openQueueRunner } from '../../../experiments/queue/queue-runner.js';
import { runPool } from '../../../experiments/work/pool.js';
import { packageFile } from '../../../util/package-file.js';
import { selfCommand } from '../../../util/self-command.js';
import { runHere } from '../../cli/run-cli.js';
import { ending } from '../../support/child-processes.js';
import { redisProgram, startRedis, type TestRedis } from './redis.js';

const program = redisProgram();
/** Short, so that a lost worker is missed soon. */
const LOST_AFTER = '2';

const counted = (tokens: number): string[] => [
  ...['bench', 'inference', '--model', 'tiny', '--method', 'bolt', '--counted', '--json'],
  ...['--tokens', String(tokens)],
];

interface Worker {
  readonly child: ChildProcess;
  /** What it said on standard error. */
  readonly lines: string[];
  /** Resolves when it says a line that begins so. */
  said(begin: string): Promise<void>;
}

async function startWorker(url: string): Promise<Worker> {
  const [command, ...args] = selfCommand('work', '--queue', url, '--lost-after', LOST_AFTER);
  const child = ending(spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'] }), { untilFileEnds: true });
  const lines: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.split('\n').filter((line) => line !== ''));
  });
  await once(child.stdout, 'data');
  return {
    child,
    lines,
    async said(begin) {
      while (!lines.some((line) => line.startsWith(begin))) await once(child.stderr, 'data');
    },
  };
}

async function stop({ child }: Worker, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await ended)[0];
}

it('says what is wrong with an address, and keeps passwords to itself', async () => {
  await expect(connectRedis('http://somewhere')).rejects.toThrow(/expected redis:\/\/HOST:PORT/);
  const failure = connectRedis('redis://me:secret@127.0.0.1:1');
  await expect(failure).rejects.toThrow(/redis:\/\/127\.0\.0\.1:1: no Redis answers: .*ECONNREFUSED/);
  await expect(failure).rejects.not.toThrow(/secret/);
});

describe.skipIf(program === null)('a queue (redis-server; skipped where it is not installed)', () => {
  let redis: TestRedis;
  const workers: Worker[] = [];

  beforeAll(async () => {
    redis = await startRedis(program!);
  }, 30_000);

  afterAll(async () => {
    await Promise.all(workers.map((worker) => stop(worker, 'SIGKILL')));
    await redis.stop();
  });

  it('gives a killed worker’s work to another, outlives a bad one, and has each result once', async () => {
    workers.push(await startWorker(redis.url), await startWorker(redis.url));
    const runner = await openQueueRunner({ url: redis.url, folder: 'one', attempts: 2 });
    const works = [...[8, 16, 24, 32, 40, 48].map(counted), ['bench', 'inference', '--model', 'none']];
    const results: unknown[][] = works.map(() => []);
    const errors: string[] = [];
    const progress: string[] = [];
    const all = runPool(
      works.map((args, at) => async () => {
        try {
          const output = await runner.run(args, (line) => progress.push(line));
          results[at]!.push(JSON.parse(output));
        } catch (error) {
          errors.push((error as Error).message);
        }
      }),
      runner.parallel,
    );
    const [lost, other] = workers as [Worker, Worker];
    await lost.said('begun');
    await stop(lost, 'SIGKILL');
    await all;

    expect(results.slice(0, -1).map(({ length }) => length)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(results.slice(0, -1).map(([figure]) => (figure as { tokens: number }).tokens)).toEqual([
      8, 16, 24, 32, 40, 48,
    ]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/--model: expected one of bert-tiny/);
    // What the lost one had begun and not ended, the other began anew.
    const begunBy = ({ lines }: Worker) => lines.filter((line) => line.startsWith('begun'));
    const doneBy = ({ lines }: Worker) => lines.filter((line) => line.startsWith('done'));
    const left = begunBy(lost).filter((line) => !doneBy(lost).includes(line.replace('begun', 'done')));
    expect(left.length).toBeGreaterThan(0);
    expect(begunBy(other)).toEqual(expect.arrayContaining(left));
    // A wrong command is not tried again.
    const tries = [lost, other].flatMap(begunBy).filter((line) => line.endsWith('--model none'));
    expect(tries).toHaveLength(1);
    await runner.close();
  });

  it('runs nothing but its own commands', async () => {
    const runner = await openQueueRunner({ url: redis.url, folder: 'two', attempts: 2 });
    await expect(runner.run(['serve', '--port', '0'], () => undefined)).rejects.toThrow(
      /work: expected one of bench, evaluate, measure, train, got serve/,
    );
    await runner.close();
  });

  it('waits for many works at a time without a warning of Node’s', async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    process.on('warning', onWarning);
    const runner = await openQueueRunner({ url: redis.url, folder: 'many', attempts: 1 });
    const works = Array.from({ length: 30 }, (_, i) => runner.run(['serve', String(i)], () => undefined));
    const ended = await Promise.allSettled(works);
    await runner.close();
    process.off('warning', onWarning);
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(warnings).toEqual([]);
  });

  it('evaluates in parts as in one piece', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'queue-test-'));
    try {
      const file = join(folder, 'reviews.csv');
      const rows = Array.from({ length: 10 }, (_, i) => [
        ['a warm film', 'dull and long', 'moving', 'a mess', 'not bad'][i % 5],
        i % 3 === 0 ? 'positive' : 'negative',
      ]);
      await writeFile(file, ['text,label', ...rows.map((row) => row.join(','))].join('\n'));
      const predictions = (name: string) => ['--predictions', join(folder, name)];
      const words = ['evaluate', '--artifact', packageFile('data', 'demo-model'), '--file', file, '--json'];
      const whole = await runHere(...words, ...predictions('whole'));
      const queue = ['--queue', redis.url, '--part', '4', ...predictions('parts')];
      const parts = await runHere(...words, ...queue);
      const figures = ({ stdout }: { stdout: string }) => {
        const { cost, meanCost, ...rest } = JSON.parse(stdout);
        return rest;
      };
      expect(figures(parts)).toEqual(figures(whole));
      expect(figures(parts).examples).toBe(10);
      const read = (name: string) => readFile(join(folder, name), 'utf8');
      expect(await read('parts')).toBe(await read('whole'));
      expect(
        workers.flatMap(({ lines }) => lines).filter((line) => /^done evaluate/.test(line)),
      ).toHaveLength(3);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('keeps the parts of an evaluation that were done when one fails', async () => {
    const keep = 'of these files';
    const works = [counted(72), ['bench', 'inference', '--model', 'none'], counted(80)];
    const evaluate = async (): Promise<string[]> => {
      const runner = await openQueueRunner({ url: redis.url, folder: 'four', attempts: 1, keep });
      const outcome = works.map((args) => runner.run(args, () => undefined).then(() => 'done'));
      const settled = await Promise.all(outcome.map((one) => one.catch(() => 'failed')));
      if (!settled.includes('failed')) await runner.forget?.();
      await runner.close();
      return settled;
    };
    const begun = () =>
      workers.flatMap(({ lines }) => lines).filter((line) => /^begun.*--tokens (72|80)/.test(line)).length;
    expect(await evaluate()).toEqual(['done', 'failed', 'done']);
    expect(begun()).toBe(2);
    works[1] = counted(88);
    expect(await evaluate()).toEqual(['done', 'done', 'done']);
    expect(begun()).toBe(2);
    // Forgotten when all was there.
    expect(await evaluate()).toEqual(['done', 'done', 'done']);
    expect(begun()).toBe(4);
  });

  it('makes the points of a paper, a failed one among them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'queue-test-'));
    try {
      const points = [pointOf(counted(24), 1), pointOf(['bench', 'inference', '--model', 'none'], 1)];
      const file = await PointsFile.open(folder, 'any');
      const runner = await openQueueRunner({ url: redis.url, folder, attempts: 2 });
      const ids: string[] = [];
      const onPoint = ({ id }: KeptPoint) => ids.push(id);
      await makePoints(points, file, { runner, code: 'any', onPoint, onLine: () => undefined });
      await runner.close();
      expect(ids.sort()).toEqual(points.map(({ id }) => id).sort());
      const again = await PointsFile.open(folder, 'any');
      expect(again.get(points[0]!.id)).toMatchObject({ status: 'done', result: { tokens: 24 } });
      expect(again.get(points[1]!.id)).toMatchObject({
        status: 'failed',
        error: expect.stringContaining('--model: expected one of'),
      });
      expect(missing(points, again)).toEqual([points[1]]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('lets a worker end in order: what is at hand is finished, the rest waits', async () => {
    const worker = workers[1]!;
    const runner = await openQueueRunner({ url: redis.url, folder: 'three', attempts: 1 });
    const begun = worker.lines.length;
    const first = runner.run(counted(56), () => undefined);
    while (!worker.lines.slice(begun).some((line) => line.startsWith('begun')))
      await once(worker.child.stderr!, 'data');
    const second = runner.run(counted(64), () => undefined).catch((error: Error) => error.message);
    expect(await stop(worker, 'SIGTERM')).toBe(0);
    expect(JSON.parse(await first)).toMatchObject({ tokens: 56 });
    workers.push(await startWorker(redis.url));
    expect(JSON.parse(await second)).toMatchObject({ tokens: 64 });
    await runner.close();
    const client = await connectRedis(redis.url);
    // Results that were fetched are gone.
    expect(await client.zcard(`bull:${queueName()}:completed`)).toBe(0);
    client.disconnect();
  });
});
