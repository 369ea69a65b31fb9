import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  fetchCheckpoint,
  fetchFromHub,
  HubError,
  type HubOptions,
  resolveCheckpoint,
} from '../../../model/checkpoint/hub.js';
import { machineOfThis } from '../../../util/living-process.js';
import { HubServer } from './hub-server.js';

const server = new HubServer();
let folder = '';
let options: HubOptions = {};

const weights = Buffer.from(Uint8Array.from({ length: 50_000 }, (_, i) => (i * i) % 251));
const model = new Map([
  ['config.json', Buffer.from('{}')],
  ['README.md', Buffer.from('words')],
  ['model.safetensors', weights],
  ['pytorch_model.bin', Buffer.from('not this')],
  ['tokenizer.json', Buffer.from('{"a": 1}')],
]);

beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-'));
  options = {
    endpoint: server.endpoint,
    cacheFolder: folder,
    stallMilliseconds: 300,
    retryMilliseconds: 1,
    offline: false,
  };
  server.repositories.clear();
  server.repositories.set('model/some-one/tiny.bert', new Map(model));
  server.requests.length = 0;
  server.faults = [];
  server.pageSize = 1000;
});
afterEach(() => rmSync(folder, { recursive: true }));

const weightsOf = (directory: string): Buffer => readFileSync(join(directory, 'model.safetensors'));
const fetchWeights = () =>
  fetchFromHub({ kind: 'model', name: 'some-one/tiny.bert' }, () => ['model.safetensors'], options);
const fileRequests = (): string[] => server.requests.filter((path) => path.includes('resolve'));

describe('hub', () => {
  it('fetches the files of a checkpoint and nothing else', async () => {
    const directory = await fetchCheckpoint('some-one/tiny.bert', options);
    expect(readdirSync(directory).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(weightsOf(directory).equals(weights)).toBe(true);
  });

  it('asks for nothing twice, and needs no hub for what it has', async () => {
    const directory = await fetchCheckpoint('some-one/tiny.bert', options);
    const before = fileRequests().length;
    expect(await fetchCheckpoint('some-one/tiny.bert', options)).toBe(directory);
    expect(fileRequests()).toHaveLength(before);
    expect(await fetchCheckpoint('some-one/tiny.bert', { ...options, offline: true })).toBe(directory);
    expect(await fetchCheckpoint('some-one/tiny.bert', { ...options, endpoint: 'http://127.0.0.1:1' })).toBe(
      directory,
    );
  });

  it('notices a new version, even of the same size', async () => {
    await fetchWeights();
    const changed = Buffer.from(weights);
    changed[7]! ^= 1;
    server.repositories.get('model/some-one/tiny.bert')!.set('model.safetensors', changed);
    const { paths } = await fetchWeights();
    expect(readFileSync(paths[0]!).equals(changed)).toBe(true);
  });

  it('fetches shards with their index, over several pages of the listing', async () => {
    const shards = [
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ];
    const files = new Map([...shards, 'config.json', 'vocab.txt'].map((name) => [name, Buffer.from(name)]));
    server.repositories.set('model/some-one/large', files);
    server.pageSize = 2;
    const directory = await fetchCheckpoint('some-one/large', options);
    expect(readdirSync(directory).sort()).toEqual(['config.json', ...shards, 'vocab.txt'].sort());
  });

  it('continues where a broken or stalled transfer stopped', async () => {
    server.faults = ['cut', 'busy', 'stall'];
    const { paths } = await fetchWeights();
    expect(readFileSync(paths[0]!).equals(weights)).toBe(true);
    expect(
      fileRequests()
        .slice(1)
        .every((request) => /bytes=\d+-$/.test(request)),
    ).toBe(true);
    expect(readdirSync(join(folder, 'models', 'some-one--tiny.bert', 'main', 'files'))).toEqual([
      'model.safetensors',
    ]);
  });

  it('continues in a later run, and starts over if the hub or an older version demands it', async () => {
    const partial = join(
      folder,
      'models',
      'some-one--tiny.bert',
      'main',
      'files',
      'model.safetensors.partial',
    );
    server.faults = ['cut', 'busy', 'busy', 'busy'];
    await expect(fetchWeights()).rejects.toThrow(/503/);
    expect(readFileSync(partial).length).toBe(25_000);
    server.faults = ['no-range'];
    expect(readFileSync((await fetchWeights()).paths[0]!).equals(weights)).toBe(true);

    rmSync(join(folder, 'models', 'some-one--tiny.bert', 'main', 'digests'), { recursive: true });
    writeFileSync(partial, Buffer.alloc(1000));
    expect(readFileSync((await fetchWeights()).paths[0]!).equals(weights)).toBe(true);
  });

  it('is not disturbed by another download of the same file, and takes up what a killed process left', async () => {
    const files = join(folder, 'models', 'some-one--tiny.bert', 'main', 'files');
    for (const { paths } of await Promise.all([fetchWeights(), fetchWeights(), fetchWeights()]))
      expect(readFileSync(paths[0]!).equals(weights)).toBe(true);
    expect(readdirSync(files)).toEqual(['model.safetensors']);
    rmSync(files, { recursive: true });
    mkdirSync(files);
    // Of no process: numbers end below.
    const left = `model.safetensors.partial.${machineOfThis()}-4194305-0123abcd.tmp`;
    writeFileSync(join(files, left), weights.subarray(0, 30_000));
    server.requests.length = 0;
    await fetchWeights();
    expect(fileRequests().map((request) => request.split(' ')[1])).toEqual(['bytes=30000-']);
    expect(readdirSync(files)).toEqual(['model.safetensors']);
  });

  it('refuses what does not have the listed digest or size', async () => {
    server.faults = ['damage'];
    await expect(fetchWeights()).rejects.toThrow(
      /model\.safetensors: damaged: expected digest [0-9a-f]{64}, got/,
    );
    server.faults = ['too-long'];
    await expect(fetchWeights()).rejects.toThrow(/expected 50000 bytes, got more/);
    server.faults = ['damage'];
    await expect(
      fetchFromHub({ kind: 'model', name: 'some-one/tiny.bert' }, () => ['config.json'], options),
    ).rejects.toThrow(/damaged: expected digest [0-9a-f]{40}, got/);
  });

  it.each<[string, string, Partial<HubOptions>, RegExp]>([
    ['a model that it lacks', 'some-one/else', {}, /some-one\/else.* got 404/],
    ['no name', '../../no-such-folder', {}, /no name on a hub/],
    ['no name with two parts', 'bert', {}, /no name on a hub/],
    ['a strange revision', 'some-one/tiny.bert', { revision: '../main' }, /expected a branch, tag or commit/],
    [
      'an endpoint out of reach',
      'some-one/tiny.bert',
      { endpoint: 'http://127.0.0.1:1' },
      /not in the cache.*give a local directory/,
    ],
    [
      'offline mode',
      'some-one/tiny.bert',
      { offline: true },
      /offline, and model some-one\/tiny\.bert is not in the cache/,
    ],
  ])('explains %s', async (_, name, changes, message) => {
    await expect(resolveCheckpoint(name, { ...options, ...changes })).rejects.toThrow(HubError);
    await expect(resolveCheckpoint(name, { ...options, ...changes })).rejects.toThrow(message);
  });

  it('explains a repository without weights', async () => {
    server.repositories.set('model/some-one/empty', new Map([['config.json', Buffer.from('{}')]]));
    await expect(fetchCheckpoint('some-one/empty', options)).rejects.toThrow(
      /expected model\.safetensors or shards/,
    );
  });

  it('drops listed paths that would leave the cache', async () => {
    server.repositories.get('model/some-one/tiny.bert')!.set('../outside.json', Buffer.from('x'));
    let seen: readonly string[] = [];
    const look = (paths: readonly string[]): string[] => {
      seen = paths;
      return [];
    };
    await fetchFromHub({ kind: 'model', name: 'some-one/tiny.bert' }, look, options);
    expect(seen).toEqual([...model.keys()]);
  });

  it('takes a local directory as it is', async () => {
    expect(await resolveCheckpoint(folder, options)).toBe(folder);
    expect(server.requests).toEqual([]);
  });
});
