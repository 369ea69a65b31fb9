/**
 * Weights that stay at a client: its file, of which what is damaged must count as absent and never as a weight; the counts of blocks that
 * it says it has; what a server sends it, of which nothing may stay that the connection's tags do not vouch for; and its list of servers, by
 * which nothing may be removed that is not in it.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareWeight } from '../../inference/backends/two-party/linear/prepared-weight.js';
import { ResidentTransfer } from '../../inference/backends/two-party/linear/resident-transfer.js';
import {
  type ResidentWeight,
  ResidentWeights,
} from '../../inference/backends/two-party/linear/resident-weights.js';
import { takeOver } from '../../inference/client/resident-owners.js';
import { residentStore } from '../../inference/client/resident-store.js';
import { ResidentWeightsError } from '../../inference/client/resident-weights-error.js';
import { concatBytes, sameBytes } from '../../inference/core/bytes.js';
import { outputBlocks } from '../../inference/crypto/resident/resident-layout.js';
import { defaultCostModel, Layouts } from '../../inference/crypto/rlwe/packed-layout.js';
import { standardPreset } from '../../inference/crypto/rlwe/parameters.js';
import { Prg } from '../../inference/crypto/prg.js';
import {
  type KeptWeight,
  RESIDENT_KEY_BYTES,
  type ResidentKey,
  type ResidentStore,
} from '../../inference/material/resident.js';
import type { Channel } from '../../inference/net/channel.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { transcriptChannel } from '../../inference/net/transcript.js';
import { createSession } from '../../inference/session/create-session.js';
import { fromChannel, type Target } from './target.js';

const WEIGHT: KeptWeight = { blocks: 3, blockBytes: 24 };
const NAME = { model: 'ab'.repeat(32), key: 'cd'.repeat(16) };
const CONTENT = Uint8Array.from({ length: WEIGHT.blocks * WEIGHT.blockBytes }, (_, i) => i);

const KEY: ResidentKey = { secret: new Uint8Array(RESIDENT_KEY_BYTES), weights: 'ab'.repeat(32) };

/** Goes when the process does. */
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cipherprune-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store with one weight. */
async function newStore() {
  const folder = newFolder();
  const kept = await residentStore(folder).open(NAME, [WEIGHT]);
  await kept.append(0, 0, CONTENT);
  return { kept, path: join(folder, readdirSync(folder)[0]!, '000.bin') };
}

/** A server whose only weight is 64 x 64; it sends nothing to clients that lack any of it. */
async function readCounts(bytes: Uint8Array): Promise<void> {
  await fromChannel(bytes, async (channel) => {
    const session = createSession({
      self: 'server',
      channel: { ...channel, send: () => undefined, receive: (length) => channel.receive(length) },
      random: Prg.insecureForTests(1),
    });
    await new ResidentTransfer(session, residentWeights()).send(KEY, async (missing) => {
      throw new ResidentWeightsError(`${missing} bytes are missing`);
    });
  });
}

function residentWeights(): ResidentWeights {
  const layouts = new Layouts(standardPreset, defaultCostModel);
  const weights = new ResidentWeights({ ringBits: 37, threads: 1, layouts });
  const [inputs, outputs] = [64, 64];
  const matrix = new Int16Array(inputs * outputs);
  weights.register(
    prepareWeight(
      { name: 'w', inputs, outputs, weightBits: 8, fractionBits: 6, matrix, bias: null },
      'server',
    ),
  );
  return weights;
}

/** A channel whose transcript has begun. */
function tagged(channel: Channel): Channel {
  const own = transcriptChannel(channel);
  own.transcript!.start(new Uint8Array(16).fill(3));
  return own;
}

const transferAt = (self: 'server' | 'client', channel: Channel): ResidentTransfer =>
  new ResidentTransfer(createSession({ self, channel, random: Prg.insecureForTests(2) }), residentWeights());

/** A store in memory that has nothing; told of what would stay. */
function emptyStore(onPiece: (bytes: Uint8Array) => void): ResidentStore {
  const kept = {
    read: async () => 0,
    append: async (_index: number, _first: number, blocks: Uint8Array) => onPiece(blocks),
  };
  return { open: async () => kept };
}

/** What the server sends to a client that has nothing. */
async function wholeTransfer(): Promise<{ readonly sent: Uint8Array; readonly weights: Uint8Array }> {
  const [server, client] = memoryChannelPair();
  const sent: Uint8Array[] = [];
  const recorded: Channel = {
    send(bytes) {
      sent.push(bytes.slice());
      server.send(bytes);
    },
    receive: (length) => server.receive(length),
    close: () => server.close(),
  };
  const pieces: Uint8Array[] = [];
  const store = emptyStore((piece) => pieces.push(piece));
  await Promise.all([
    transferAt('server', tagged(recorded)).send(KEY, async () => undefined),
    transferAt('client', tagged(client)).receive(NAME.model, store, () => undefined),
  ]);
  return { sent: concatBytes(...sent), weights: concatBytes(...pieces) };
}

/** A client that is sent anything keeps the server's weights or none. */
async function transferTarget(): Promise<Target> {
  const { sent, weights } = await wholeTransfer();
  return {
    name: 'resident transfer',
    corpus: [sent],
    async read(bytes) {
      let at = 0;
      const store = emptyStore((piece) => {
        const own = weights.subarray(at, at + piece.length);
        at += piece.length;
        if (!sameBytes(piece, own)) throw new Error('kept what no tag vouches for');
      });
      await fromChannel(bytes, (channel) => {
        const mute = { ...channel, send: () => undefined, receive: (n: number) => channel.receive(n) };
        return transferAt('client', tagged(mute)).receive(NAME.model, store, () => undefined);
      });
    },
  };
}

const SERVER = 'localhost:4343';
const [OLD_WEIGHTS, NEW_WEIGHTS] = ['12'.repeat(32), '34'.repeat(32)];

/** A server with new weights, whose old ones the list has: they go, and nothing beside them. */
function serversTarget(): Target {
  const folder = newFolder();
  const list = join(folder, 'servers.json');
  const others = ['56'.repeat(32), 'letters'].map((name) => join(folder, name));
  for (const path of others) mkdirSync(path);
  const servers = { [SERVER]: OLD_WEIGHTS, 'example.org:4343': '56'.repeat(32) };
  const literal = { format: 'cipherprune-resident-servers', formatVersion: 1, servers };
  return {
    name: 'list of servers',
    corpus: [new TextEncoder().encode(JSON.stringify(literal))],
    /** @throws ResidentWeightsError where the list does not count, or has no weights of the server */
    async read(bytes) {
      mkdirSync(join(folder, OLD_WEIGHTS), { recursive: true });
      writeFileSync(join(folder, OLD_WEIGHTS, '000.bin'), 'old');
      writeFileSync(list, bytes);
      const removed = await takeOver(folder, SERVER, NEW_WEIGHTS);
      if (others.some((path) => !existsSync(path))) throw new Error('removed what is not the server’s');
      if (existsSync(join(folder, OLD_WEIGHTS)) !== (removed === 0))
        throw new Error('removed without saying so');
      if (removed === 0) throw new ResidentWeightsError('nothing is removed');
    },
  };
}

export async function residentTargets(): Promise<readonly Target[]> {
  const { kept, path } = await newStore();
  const corpus = [new Uint8Array(readFileSync(path))];
  const counts = new Uint8Array(4);
  const [{ layout }] = residentWeights().weights as readonly [ResidentWeight];
  new DataView(counts.buffer).setUint32(0, outputBlocks(layout), true);
  return [
    await transferTarget(),
    serversTarget(),
    { name: 'resident counts', corpus: [counts], read: readCounts },
    {
      name: 'resident file',
      corpus,
      /** Blocks that count must be those that were written. @throws ResidentWeightsError where not all count */
      async read(bytes) {
        writeFileSync(path, bytes);
        const out = new Uint8Array(CONTENT.length);
        const whole = (await kept.read(0, out)) * WEIGHT.blockBytes;
        if (!sameBytes(out.subarray(0, whole), CONTENT.subarray(0, whole)))
          throw new Error('damaged blocks counted as whole');
        if (whole < CONTENT.length) throw new ResidentWeightsError(`${whole} bytes are there`);
      },
    },
  ];
}
