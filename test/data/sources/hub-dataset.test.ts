import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runConfigFromYaml } from '../../config/run-config-from-yaml.js';
import { readHubSplit } from '../../../data/sources/hub-dataset.js';
import { loadSplit } from '../../../data/sources/load.js';
import type { HubOptions } from '../../../model/checkpoint/hub.js';
import { HubServer } from '../../model/checkpoint/hub-server.js';

const server = new HubServer();
const folder = mkdtempSync(join(tmpdir(), 'hub-data-'));
let options: HubOptions = {};

type Column = { name: string; data: unknown[]; type: 'STRING' | 'INT64' | 'INT32' };
const parquet = (columnData: Column[]): Buffer => Buffer.from(parquetWriteBuffer({ columnData } as never));
const texts = (name: string, data: unknown[]): Column => ({ name, data, type: 'STRING' });
const labels = (data: number[]): Column => ({ name: 'label', data: data.map(BigInt), type: 'INT64' });

beforeAll(async () => {
  await server.start();
  options = { endpoint: server.endpoint, cacheFolder: folder, retryMilliseconds: 1, offline: false };
  const files = new Map([
    ['sst2/train-00000-of-00002.parquet', parquet([texts('sentence', ['good ', 'bad']), labels([1, 0])])],
    ['sst2/train-00001-of-00002.parquet', parquet([texts('sentence', ['fine', ' ']), labels([1, 0])])],
    ['sst2/test-00000-of-00001.parquet', parquet([texts('sentence', ['what']), labels([-1])])],
    [
      'mnli/validation_mismatched-00000-of-00001.parquet',
      parquet([texts('premise', ['a', 'b']), texts('hypothesis', ['c', 'd']), labels([2, 7])]),
    ],
    ['rte/train-00000-of-00001.parquet', Buffer.from('no parquet at all')],
    ['mrpc/train-00000-of-00001.parquet', parquet([texts('other', ['a']), labels([1])])],
  ]);
  server.repositories.set('dataset/nyu-mll/glue', files);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe('data sets from a hub', () => {
  it('reads all shards of a split and reports malformed rows', async () => {
    const { examples, malformed } = await readHubSplit('sst2', 'train', { ...options, maxBadRows: 0.25 });
    expect(examples.map(({ index, text, label }) => [index, text, label])).toEqual([
      [0, 'good', 1],
      [1, 'bad', 0],
      [2, 'fine', 1],
    ]);
    expect(malformed.first).toMatchObject([{ line: 2, reason: 'expected text in column sentence' }]);
  });

  it('reads pairs, and splits without labels', async () => {
    const { examples, malformed } = await readHubSplit('mnli-mm', 'dev', { ...options, maxBadRows: 0.5 });
    expect(examples).toEqual([{ index: 0, text: 'a', textPair: 'c', label: 2 }]);
    expect(malformed.first[0]!.reason).toBe('expected a label 0-2, got 7');
    expect((await readHubSplit('sst2', 'test', options)).examples[0]!.label).toBeNull();
  });

  it('explains what it cannot read', async () => {
    await expect(readHubSplit('rte', 'train', options)).rejects.toThrow(
      /train-00000.*not a readable parquet file/,
    );
    await expect(readHubSplit('mrpc', 'train', options)).rejects.toThrow(
      /1 of 1 rows cannot be used .*train-00000.*parquet:1: expected text in column sentence1/,
    );
    await expect(readHubSplit('cola', 'train', options)).rejects.toThrow(
      /expected files cola\/train-\*\.parquet/,
    );
  });

  it('serves a run whose configuration says so', async () => {
    const config = runConfigFromYaml(
      'name: a\ntask: sst2\nmodel: { checkpoint: x }\ndata: { source: hub, maxBadRows: 0.25 }\n',
      'test',
    );
    process.env.HF_ENDPOINT = server.endpoint;
    process.env.CIPHERPRUNE_CACHE = folder;
    expect((await loadSplit(config, 'train')).examples).toHaveLength(3);
    delete process.env.HF_ENDPOINT;
    delete process.env.CIPHERPRUNE_CACHE;
  });
});
