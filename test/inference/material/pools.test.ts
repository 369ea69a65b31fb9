/** Pools kept over connections: on disk, bounded, and never used twice. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, serve } from '../../../index.js';
import { Client } from '../../../inference/client/client.js';
import { keepPool, resumePool } from '../../../inference/client/client-pool.js';
import { claimPool, writePool } from '../../../inference/material/pool-file.js';
import type { KeptPool } from '../../../inference/material/kept-pool.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import { DEFAULT_POOL_LIMITS, PoolFolder, type PoolLimits } from '../../../inference/server/pool-folder.js';
import { serveConnection } from '../../../inference/server/serve-connection.js';
import { weightsDigest } from '../../../inference/server/weights-digest.js';
import { writeArtifact } from '../../../model/artifact/artifact-file.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { engineClient } from '../client/engine-client.js';
import { machineOfThis } from '../../../util/living-process.js';
import { tinyServedModel } from '../server/toy-party.js';

/** Told of each folder whose names go to the disk, and of these. */
const onSync = vi.hoisted(() => vi.fn<(folder: string, names: readonly string[]) => void>());
vi.mock('../../../util/sync-folder.js', () => ({
  syncFolder: async (path: string) => onSync(path, readdirSync(path)),
}));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cipherprune-pools-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const idOf = (index: number): string => index.toString(16).padStart(32, '0');

const poolOf = (index: number, bytes = 10): KeptPool => ({
  id: idOf(index),
  generation: 1,
  party: 'server',
  model: 'm',
  items: [
    {
      correlation: { kind: 'linear', weight: index, ringBits: 37 },
      items: 3,
      fields: [new Uint8Array(0), new Uint8Array(bytes).fill(index)],
    },
  ],
});

describe('a pool file', () => {
  it('gives what was written, once, and can be read by its owner only', async () => {
    const path = join(folder, 'pool');
    await writePool(path, poolOf(7));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const both = await Promise.all([claimPool(path), claimPool(path)]);
    expect(both.filter((pool) => pool !== null)).toEqual([poolOf(7)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes with it what a killed process left of it, and nothing of one that lives', async () => {
    const path = join(folder, 'pool');
    const { pid: dead } = spawnSync('true');
    const nameOf = (pid: number) => `${path}.${machineOfThis()}-${pid}-01234567.tmp`;
    const others = [nameOf(process.pid), join(folder, 'pool2.tmp')];
    const left = [nameOf(dead), `${nameOf(dead)}.claimed`];
    for (const file of [...left, ...others]) writeFileSync(file, 'a part of a pool');
    await writePool(path, poolOf(7));
    expect(await claimPool(path)).toEqual(poolOf(7));
    expect(left.filter((file) => existsSync(file))).toEqual([]);
    expect(others.filter((file) => existsSync(file))).toEqual(others);
  });

  it('that others could read is refused, and gone', async () => {
    const path = join(folder, 'pool');
    await writePool(path, poolOf(7));
    chmodSync(path, 0o640);
    await expect(claimPool(path)).rejects.toThrow(
      'pool: expected a secret that only its owner may read, got rights 0640',
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that another user put there is refused, and gone', async ({ skip }) => {
    if (!process.getuid) skip('no users here');
    const path = join(folder, 'pool');
    await writePool(path, poolOf(7));
    const getuid = vi.spyOn(process, 'getuid').mockReturnValue(statSync(path).uid + 1);
    try {
      await expect(claimPool(path)).rejects.toThrow('pool: expected a secret that this user kept');
    } finally {
      getuid.mockRestore();
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that is a link to one is refused, and the link gone', async () => {
    const [path, elsewhere] = [join(folder, 'pool'), join(folder, 'elsewhere')];
    await writePool(elsewhere, poolOf(7));
    symlinkSync(elsewhere, path);
    await expect(claimPool(path)).rejects.toThrow('pool: expected a file, got a link');
    expect(readdirSync(folder)).toEqual(['elsewhere']);
  });

  it('is gone from the disk before it is given, and there before its writing ends', async () => {
    const path = join(folder, 'pool');
    onSync.mockClear();
    await writePool(path, poolOf(7));
    expect(onSync.mock.calls).toEqual([[folder, ['pool']]]);
    await claimPool(path);
    expect(onSync.mock.calls.slice(1)).toEqual([[folder, []]]);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
    ['changed', (bytes: Buffer) => Buffer.from(bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte)))],
    // Whole, with a right digest.
    [
      'of an earlier version',
      (bytes: Buffer) => {
        const content = Buffer.concat([Buffer.from('CPPOOL2\n'), bytes.subarray(8, -32)]);
        return Buffer.concat([content, createHash('sha256').update(content).digest()]);
      },
    ],
    ['something else', () => Buffer.from('hello')],
    ['empty', () => Buffer.alloc(0)],
  ])('that is %s is refused, and gone', async (_, change) => {
    const path = join(folder, 'pool');
    await writePool(path, poolOf(7));
    writeFileSync(path, change(readFileSync(path)));
    await expect(claimPool(path)).rejects.toThrow('no pool of this version, or damaged');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a folder of pools', () => {
  const within = (limits: Partial<PoolLimits>) =>
    new PoolFolder(folder, { ...DEFAULT_POOL_LIMITS, ...limits });
  const age = (index: number, seconds: number) => {
    const time = Date.now() / 1000 - seconds;
    utimesSync(join(folder, `${idOf(index)}.pool`), time, time);
  };

  it('keeps so many files, bytes and days: the oldest give way', async () => {
    const pools = within({ files: 2 });
    for (const index of [1, 2, 3]) {
      expect(await pools.keep(poolOf(index))).toBe(true);
      age(index, 100 - index);
    }
    expect(await pools.claim(poolOf(1), 'm')).toBeNull();
    expect((await pools.claim(poolOf(3), 'm'))?.items).toEqual(poolOf(3).items);
    const narrow = within({ bytes: 2_800 });
    expect(await narrow.keep(poolOf(4, 4_000))).toBe(false);
    expect(await narrow.keep(poolOf(5, 2_500))).toBe(true);
    expect(readdirSync(folder)).toEqual([`${idOf(5)}.pool`]);
    age(5, 1_000);
    await within({ milliseconds: 500_000 }).keep(poolOf(6));
    expect(readdirSync(folder)).toEqual([`${idOf(6)}.pool`]);
  });

  it('counts a pool without a name as its address’s, and gives it to whoever knows its id', async () => {
    const pools = within({ files: 8 });
    await pools.keep(poolOf(1), 'address 10.0.0.1');
    expect(await pools.claim(poolOf(1), 'm', 'token anna')).toBeNull();
    expect((await pools.claim(poolOf(1), 'm', 'address 10.0.0.2'))?.items).toEqual(poolOf(1).items);
    expect(await pools.claim(poolOf(1), 'm', 'address 10.0.0.1')).toBeNull();
    await pools.keep(poolOf(2), 'address 10.0.0.1');
    for (const index of [3, 4, 5, 6]) await pools.keep(poolOf(index), 'address 10.0.0.2');
    expect(readdirSync(folder)).toHaveLength(3);
    expect((await pools.claim(poolOf(2), 'm', 'address 10.0.0.1'))?.items).toEqual(poolOf(2).items);
  });

  it('keeps a quarter of it for one owner, whose pools nobody else takes', async () => {
    const pools = within({ files: 8 });
    for (const index of [1, 2, 3]) await pools.keep(poolOf(index), 'token anna');
    expect(readdirSync(folder)).toHaveLength(2);
    await pools.keep(poolOf(4), 'token ben');
    expect(readdirSync(folder)).toHaveLength(3);
    expect(await pools.claim(poolOf(4), 'm', 'token anna')).toBeNull();
    expect(await pools.claim(poolOf(4), 'm')).toBeNull();
    expect((await pools.claim(poolOf(4), 'm', 'token ben'))?.items).toEqual(poolOf(4).items);
    expect(await within({ bytes: 8_000 }).keep(poolOf(5, 2_500), 'token anna')).toBe(false);
  });

  it('gives another generation or model nothing, and forgets what it had', async () => {
    for (const [name, model] of [
      [{ id: idOf(1), generation: 2 }, 'm'],
      [{ id: idOf(1), generation: 1 }, 'other'],
    ] as const) {
      await within({}).keep(poolOf(1));
      expect(await within({}).claim(name, model)).toBeNull();
      expect(readdirSync(folder)).toEqual([]);
    }
    await expect(within({}).claim({ id: '../../etc/passwd', generation: 1 }, 'm')).rejects.toThrow(
      RangeError,
    );
  });
});

/** One connection to a server that keeps pools in `folder`/server, unless `keeps` is false. */
async function withClient<T>(
  body: (client: Client, options: Parameters<typeof resumePool>[1]) => Promise<T>,
  { seed = 1, keeps = true } = {},
): Promise<{ readonly result: T; readonly notes: readonly string[] }> {
  const [serverEnd, channel] = memoryChannelPair();
  const { terms, ...model } = tinyServedModel(seed);
  const pools = {
    folder: new PoolFolder(join(folder, 'server')),
    model: weightsDigest(terms.modelDigest, model.private),
  };
  const served = serveConnection(serverEnd, {
    model: { ...model, terms: { ...terms, aheadMegabytes: 100 } },
    open: openEngineParty,
    pools: keeps ? pools : null,
    onText: () => undefined,
  });
  const client = await Client.open(channel, engineClient);
  const notes: string[] = [];
  const path = join(folder, 'pool');
  const result = await body(client, { path, model: client.digest, onNote: (line) => notes.push(line) });
  await client.close();
  await served;
  return { result, notes };
}

const onlineBytes = ({ cost }: Awaited<ReturnType<Client['classify']>>) =>
  cost.sentBytes + cost.receivedBytes;
const sentence = 'a good movie.';

/** A text on demand, then material for another one, kept. */
const fillAndKeep = () =>
  withClient(async (client, options) => {
    const text = await client.classify(sentence);
    await client.ahead!.fill(client.ahead!.expected(1)!);
    await keepPool(client.ahead!, options);
    return text;
  });

const resumeAndClassify = (options?: { seed?: number; keeps?: boolean }) =>
  withClient(async (client, pool) => {
    await resumePool(client.ahead!, pool);
    return client.classify(sentence);
  }, options);

describe('pools over connections', () => {
  it('serve the next connection, once, with the same result', async () => {
    const first = await fillAndKeep();
    expect(first.notes).toEqual([]);
    const copy = join(folder, 'copy');
    copyFileSync(join(folder, 'pool'), copy);
    const next = await resumeAndClassify();
    expect(next.notes).toEqual([]);
    // COTs are not kept: a refill of them is what is left.
    expect(onlineBytes(next.result)).toBeLessThan(0.6 * onlineBytes(first.result));
    for (const [i, logit] of next.result.logits!.entries())
      expect(logit).toBeCloseTo(first.result.logits![i]!, 1);
    expect(readdirSync(join(folder, 'server'))).toEqual([]);
    expect(existsSync(join(folder, 'pool'))).toBe(false);

    copyFileSync(copy, join(folder, 'pool'));
    const again = await resumeAndClassify();
    expect(again.notes).toEqual([expect.stringContaining('used before (is this an old copy?)')]);
    expect(onlineBytes(again.result)).toBe(onlineBytes(first.result));
  });

  it('are discarded on both sides when the server lacks its part, keeps none, or has other weights', async () => {
    await fillAndKeep();
    const without = await resumeAndClassify({ keeps: false });
    expect(without.notes).toEqual([expect.stringContaining('the server does not have its part')]);
    await fillAndKeep();
    const other = await resumeAndClassify({ seed: 2 });
    expect(other.notes).toEqual([expect.stringContaining('another model')]);
    const { private: a } = tinyArtifact({ seed: 1 });
    const { private: b } = tinyArtifact({ seed: 2 });
    expect(weightsDigest('x', a)).not.toBe(weightsDigest('x', b));
    expect(weightsDigest('x', a)).toBe(weightsDigest('x', tinyArtifact({ seed: 1 }).private));
  });

  it('are not taken up when the parties hold different things', async () => {
    await fillAndKeep();
    const path = join(folder, 'pool');
    const pool = (await claimPool(path))!;
    await writePool(path, { ...pool, items: pool.items.slice(1) });
    const { notes, result } = await resumeAndClassify();
    expect(notes).toEqual([expect.stringContaining('the server does not have its part')]);
    expect(result.logits).toHaveLength(2);
    expect(readdirSync(join(folder, 'server'))).toEqual([]);
  });

  it('of two clients with one file, each what the other has not, are not put together', async () => {
    await fillAndKeep();
    const filled = async (client: Client) => {
      await client.classify(sentence);
      await client.ahead!.fill(client.ahead!.expected(1)!);
      return client.ahead!;
    };
    await withClient(async (first, options) => {
      const one = await filled(first);
      const keepBoth = async (...name: Parameters<typeof one.keep>) => {
        const items = await one.keep(...name);
        await withClient(async (second) => keepPool(await filled(second), options));
        return items;
      };
      await keepPool({ keep: keepBoth } as unknown as typeof one, options);
    });
    const { result, notes } = await resumeAndClassify();
    const { result: honest } = await withClient((client) => client.classify(sentence));
    for (const [i, logit] of result.logits!.entries()) expect(logit).toBeCloseTo(honest.logits![i]!, 1);
    expect(notes).toEqual([]);
  });

  it('stay nowhere if the server keeps none', async () => {
    const { notes } = await withClient(
      async (client, options) => {
        await client.classify(sentence);
        await client.ahead!.fill(client.ahead!.expected(1)!);
        await keepPool(client.ahead!, options);
      },
      { keeps: false },
    );
    expect(notes).toEqual([expect.stringContaining('it keeps no pools (serve --pools), or has no room')]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that the server could not keep, or not take up, are a line of its log', async () => {
    const artifact = join(folder, 'artifact');
    const pools = join(folder, 'kept');
    await writeArtifact(artifact, tinyArtifact({ seed: 1 }));
    const lines: string[] = [];
    await using server = await serve({ artifact, port: 0, pools, onLog: (line) => lines.push(line) });
    const ask = async () => {
      const pool = join(folder, 'pool');
      await using client = await connect({ port: server.port, artifact, pool, opens: 'counts' });
      await client.classify(sentence);
      await client.prepare(1);
    };
    const lost = () =>
      lines.filter((line) => line.includes('pool')).map((line) => line.replace(/^.*?: /, ''));
    writeFileSync(pools, 'a file in the place of the folder');
    await ask();
    expect(lost()).toEqual([expect.stringMatching(/^a pool of material is lost: .*kept: EEXIST/)]);
    rmSync(pools);
    await ask();
    expect(lost()).toHaveLength(1);
    const [kept] = readdirSync(pools);
    writeFileSync(join(pools, kept!), 'not what was kept');
    await ask();
    expect(lost().slice(1)).toEqual([
      'a pool of material is lost: pool: the file is no pool of this version, or damaged',
    ]);
  });
});
