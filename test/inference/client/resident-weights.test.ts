/** Weights that stay at the client over connections: what they cost, and what is not taken for them. */
import {
  mkdirSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { Client } from '../../../inference/client/client.js';
import { type RoomLimits, residentStore } from '../../../inference/client/resident-store.js';
import { ResidentWeightsError } from '../../../inference/client/resident-weights-error.js';
import type { Download, ResidentStore } from '../../../inference/material/resident.js';
import type { Channel } from '../../../inference/net/channel.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { refusal } from '../../../inference/net/refusal.js';
import { CleartextClassifier } from '../../../inference/run/cleartext-classifier.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import { readResidentSecret } from '../../../inference/server/resident-key.js';
import { serveConnection } from '../../../inference/server/serve-connection.js';
import { weightsDigest } from '../../../inference/server/weights-digest.js';
import { encodePublicPart } from '../../../model/artifact/public-part.js';
import { impatient, tampering } from '../../support/tampering.js';
import { tinyServedModel } from '../server/toy-party.js';
import { engineClient } from './engine-client.js';

/** Wide enough for weights that may stay. */
const WIDE = { config: { hiddenSize: 64, intermediateSize: 128 } };
/** Of which no score is so near to a threshold that rounding, which is random, decides: 150 runs keep the same tokens. */
const sentence = 'movie good bad. a good movie';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cipherprune-resident-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const keyFile = (name = 'key') => join(folder, name);
const weightsFolder = () => join(folder, 'weights');
/** Files of the one model and key that are kept. */
function keptFiles(): string[] {
  const [name, ...others] = readdirSync(weightsFolder());
  expect(others).toEqual([]);
  return readdirSync(join(weightsFolder(), name!)).map((file) => join(weightsFolder(), name!, file));
}

interface Connection {
  readonly key?: string | null;
  readonly seed?: number;
  /** Told what counts towards limits. */
  readonly onMaterial?: (bytes: number) => void;
  /** Of the server's end. */
  readonly through?: (server: Channel) => Channel;
}

async function withClient<T>(
  body: (client: Client) => Promise<T>,
  { key = 'key', seed = 1, onMaterial = () => undefined, through = (channel) => channel }: Connection = {},
): Promise<T> {
  const ends = memoryChannelPair().map((end) => impatient(end, 4_000)) as [Channel, Channel];
  const model = tinyServedModel(seed, WIDE);
  const weights = weightsDigest(model.terms.modelDigest, model.private);
  const residentKey = key === null ? null : { secret: await readResidentSecret(keyFile(key)), weights };
  const serverEnd = through(ends[0]);
  const served = serveConnection(serverEnd, {
    model: { ...model, residentKey },
    open: openEngineParty,
    onText: () => undefined,
    onMaterial,
  }).catch((error: Error) => serverEnd.close().then(() => error));
  try {
    const client = await Client.open(ends[1], engineClient);
    const result = await body(client);
    await client.close();
    expect(await served).toBeTypeOf('number');
    return result;
  } finally {
    await ends[1].close();
    await served;
  }
}

/** Keeps the weights, then one text: what was told of the download, and the answer. */
const keepAndClassify = (connection?: Connection, store: ResidentStore = residentStore(weightsFolder())) =>
  withClient(async (client) => {
    const told: Download[] = [];
    const isKept = await client.keepWeights(store, { onDownload: (download) => told.push(download) });
    return { told, isKept, text: await client.classify(sentence) };
  }, connection);

const bytesOf = ({ text: { cost } }: Awaited<ReturnType<typeof keepAndClassify>>) =>
  cost.sentBytes + cost.receivedBytes;

describe('weights that stay at the client', () => {
  it('give the answers of plaintext inference with less coming back, and are downloaded once', async () => {
    const without = await keepAndClassify({ key: null });
    expect(without.isKept).toBe(false);
    const first = await keepAndClassify();
    expect(first.isKept).toBe(true);
    const { totalBytes } = first.told[0]!;
    expect(first.told[0]!.missingBytes).toBe(totalBytes);
    expect(first.told.at(-1)!.missingBytes).toBe(0);
    const second = await keepAndClassify();
    expect(second.told).toEqual([{ totalBytes, missingBytes: 0 }]);
    const [downloaded, again] = [first, second].map(({ text }) => text.cost.offline.receivedBytes);
    expect(downloaded! - again!).toBeGreaterThan(totalBytes);

    expect(bytesOf(first)).toBe(bytesOf(second));
    // Which way a product goes is decided by time; of those that the client makes nothing comes back.
    expect(first.text.cost.receivedBytes).toBeLessThan(without.text.cost.receivedBytes);
    const artifact = tinyArtifact({ seed: 1, ...WIDE });
    const plaintext = await CleartextClassifier.of({
      artifact,
      publicPart: encodePublicPart(artifact.public),
    });
    const clear = await plaintext.classify({ text: sentence, textPair: null });
    for (const { text } of [without, first, second]) {
      expect(text.layers.map(({ kept }) => kept)).toEqual(clear.layers.map(({ kept }) => kept));
      for (const [i, logit] of text.logits!.entries()) expect(logit).toBeCloseTo(clear.logits![i]!, 1);
    }
    expect(keptFiles().map((file) => statSync(file).mode & 0o777)).toEqual(keptFiles().map(() => 0o600));
  });

  it('come again as far as the files are cut off, damaged or gone', async () => {
    const first = await keepAndClassify();
    const files = keptFiles();
    const whole = files.map((file) => readFileSync(file));
    const [cut, changed, gone] = files as [string, string, string];
    truncateSync(cut, statSync(cut).size / 2);
    const bytes = Uint8Array.from(whole[1]!);
    bytes[bytes.length - 100]! ^= 1; // in its last block
    writeFileSync(changed, bytes);
    rmSync(gone);
    const again = await keepAndClassify();
    const { totalBytes, missingBytes } = again.told[0]!;
    expect(missingBytes).toBeGreaterThan(whole[2]!.length / 2);
    expect(missingBytes).toBeLessThan(totalBytes / 2);
    expect(files.every((file, i) => readFileSync(file).equals(whole[i]!))).toBe(true);
    expect(again.text.label).toBe(first.text.label);
  });

  it('are not taken for those of another model or key', async () => {
    await keepAndClassify();
    for (const connection of [{ key: 'other' }, { seed: 2 }]) {
      const { told } = await keepAndClassify(connection);
      expect(told[0]!.missingBytes).toBe(told[0]!.totalBytes);
    }
    expect(readdirSync(weightsFolder())).toHaveLength(3);
    // A file of one model in another one's folder counts as absent.
    const [one, other] = readdirSync(weightsFolder()).map((name) => join(weightsFolder(), name));
    const [file] = readdirSync(one!);
    writeFileSync(join(one!, file!), readFileSync(join(other!, file!)));
    const all = await Promise.all([{}, { key: 'other' }, { seed: 2 }].map((each) => keepAndClassify(each)));
    expect(all.filter(({ told }) => told[0]!.missingBytes > 0)).toHaveLength(1);
  });

  it('are not kept when they were damaged on the way', async () => {
    let [sent, before] = [0, 0];
    const at = await withClient(
      async (client) => {
        await client.keepWeights(residentStore(join(folder, 'elsewhere')));
        return sent;
      },
      {
        through: (channel) => ({
          send(bytes) {
            // The first piece of the weights is larger than anything before.
            if (sent === 0 && bytes.length > 500_000) sent = before + 1_000;
            before += bytes.length;
            channel.send(bytes);
          },
          receive: (byteLength) => channel.receive(byteLength),
          close: () => channel.close(),
        }),
      },
    );
    await expect(keepAndClassify({ through: (channel) => tampering(channel, at).channel })).rejects.toThrow(
      'the parties saw different bytes',
    );
    expect(keptFiles()).toEqual([]);
  });

  it('are refused, with their size, where memory or disk lacks', async () => {
    const room: RoomLimits = { memory: () => 1e12, disk: async () => 1e12 };
    const store = (limits: Partial<RoomLimits>) =>
      residentStore(weightsFolder(), { room: { ...room, ...limits } });
    await expect(keepAndClassify({}, store({ memory: () => 1e6 }))).rejects.toThrow(
      /need [\d.]+ MB of memory, 1.00 MB are free$/,
    );
    await expect(keepAndClassify({}, store({ disk: async () => 2e6 }))).rejects.toThrow(
      /need [\d.]+ MB in .*, 2.00 MB are free/,
    );
    expect(keptFiles()).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('name the file where the disk is full or in the way', async () => {
    await keepAndClassify();
    const [full, folder] = keptFiles() as [string, string];
    rmSync(full);
    symlinkSync('/dev/full', full);
    const failed = keepAndClassify();
    await expect(failed).rejects.toThrow(ResidentWeightsError);
    await expect(failed).rejects.toThrow(/stay here: .*000\.bin: ENOSPC/);
    rmSync(full);
    rmSync(folder);
    mkdirSync(folder);
    await expect(keepAndClassify()).rejects.toThrow(/stay here: .*001\.bin: EISDIR/);
  });

  it('count towards what a client may have, as far as they are sent, and a refusal leaves the connection as it is', async () => {
    const counted: number[] = [];
    const onMaterial = (bytes: number) => void counted.push(bytes);
    const { told } = await keepAndClassify({ onMaterial });
    await keepAndClassify({ onMaterial });
    truncateSync(keptFiles()[0]!, 0);
    const again = await keepAndClassify({ onMaterial });
    expect(counted).toEqual([told[0]!.totalBytes, again.told[0]!.missingBytes]);
    truncateSync(keptFiles()[0]!, 0);
    const label = await withClient(
      async (client) => {
        const store = residentStore(weightsFolder());
        await expect(client.keepWeights(store)).rejects.toMatchObject({
          kind: 'material',
          retryAfterSeconds: 9,
        });
        return (await client.classify(sentence)).label;
      },
      {
        onMaterial: () => {
          throw refusal('material', '1 MB of material an hour', 9);
        },
      },
    );
    expect(label).toBe(again.text.label);
  });

  it('of a model that a server has replaced are removed, with a word', async () => {
    const notes: string[] = [];
    const store = (server: string) =>
      residentStore(weightsFolder(), { server, onNote: (line) => notes.push(line) });
    const folders = () => readdirSync(weightsFolder()).filter((name) => name !== 'servers.json');
    await keepAndClassify({}, store('a:1'));
    await keepAndClassify({}, store('b:1'));
    const [first] = folders();
    await keepAndClassify({ key: 'other' }, store('a:1'));
    expect([folders().length, notes]).toEqual([2, []]); // b:1 still has the first
    const { told } = await keepAndClassify({ key: 'other' }, store('b:1'));
    expect(told[0]!.missingBytes).toBe(0);
    expect(folders()).toHaveLength(1);
    expect(folders()).not.toContain(first);
    expect(notes).toEqual([
      expect.stringMatching(/^the server has other weights now: [\d.]+ MB of the old ones are removed from /),
    ]);
    // What is no such file removes nothing.
    writeFileSync(join(weightsFolder(), 'servers.json'), '{"servers":{"b:1":"../key"}}');
    await keepAndClassify({}, store('b:1'));
    expect(folders()).toHaveLength(2);
  });

  it('are sent once a connection', async () => {
    const kept = await withClient(async (client) => {
      const store = residentStore(weightsFolder());
      return [await client.keepWeights(store), await client.keepWeights(store)];
    });
    expect(kept).toEqual([true, false]);
  });
});

describe('a key of weights that stay', () => {
  it('is made once, for its owner only, and nothing else is taken for one', async () => {
    const secret = await readResidentSecret(keyFile());
    expect(await readResidentSecret(keyFile())).toEqual(secret);
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    writeFileSync(keyFile('short'), 'hello');
    await expect(readResidentSecret(keyFile('short'))).rejects.toThrow('expected a key of 32 bytes, got 5');
    chmodSync(keyFile(), 0o604);
    await expect(readResidentSecret(keyFile())).rejects.toThrow('only its owner may read, got rights 0604');
  });
});
