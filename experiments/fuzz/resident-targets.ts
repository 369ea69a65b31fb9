/**
 * Weights that stay at a client: its file, of which what is damaged must count as absent and never as a weight, and the counts of blocks that
 * it says it has.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareWeight } from '../../inference/backends/two-party/linear/prepared-weight.js';
import { ResidentTransfer } from '../../inference/backends/two-party/linear/resident-transfer.js';
import {
  type ResidentWeight,
  ResidentWeights,
} from '../../inference/backends/two-party/linear/resident-weights.js';
import { residentStore } from '../../inference/client/resident-store.js';
import { ResidentWeightsError } from '../../inference/client/resident-weights-error.js';
import { sameBytes } from '../../inference/core/bytes.js';
import { outputBlocks } from '../../inference/crypto/resident/resident-layout.js';
import { defaultCostModel } from '../../inference/crypto/rlwe/packed-layout.js';
import { Prg } from '../../inference/crypto/prg.js';
import { type KeptWeight, RESIDENT_KEY_BYTES } from '../../inference/material/resident.js';
import { createSession } from '../../inference/session/create-session.js';
import { fromChannel, type Target } from './target.js';

const WEIGHT: KeptWeight = { blocks: 3, blockBytes: 24 };
const NAME = { model: 'ab'.repeat(32), key: 'cd'.repeat(16) };
const CONTENT = Uint8Array.from({ length: WEIGHT.blocks * WEIGHT.blockBytes }, (_, i) => i);

/** A store with one weight, in a folder that goes when the process does. */
async function newStore() {
  const folder = mkdtempSync(join(tmpdir(), 'cipherprune-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
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
    const key = { secret: new Uint8Array(RESIDENT_KEY_BYTES), weights: 'ab'.repeat(32) };
    await new ResidentTransfer(session, residentWeights()).send(key, async (missing) => {
      throw new ResidentWeightsError(`${missing} bytes are missing`);
    });
  });
}

function residentWeights(): ResidentWeights {
  const weights = new ResidentWeights({ ringBits: 37, threads: 1, cost: defaultCostModel });
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

export async function residentTargets(): Promise<readonly Target[]> {
  const { kept, path } = await newStore();
  const corpus = [new Uint8Array(readFileSync(path))];
  const counts = new Uint8Array(4);
  const [{ layout }] = residentWeights().weights as readonly [ResidentWeight];
  new DataView(counts.buffer).setUint32(0, outputBlocks(layout), true);
  return [
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
