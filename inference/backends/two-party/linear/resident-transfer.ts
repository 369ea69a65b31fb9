/**
 * How encrypted weights come to the client. It learns the key's name and the public seeds, says how many blocks of each weight it
 * has, and gets the rest, if there is any, after a notice and in pieces: each with a tag of the connection's transcript, and only what fits it is kept. The client
 * acknowledges each, so that a server never has more than two on the way.
 */
import { createSha256 } from '#hash';
import { bytesToHex, concatBytes, hexToBytes } from '../../../core/bytes.js';
import { ProtocolError } from '../../../core/errors.js';
import { protocol } from '../../../core/span.js';
import {
  blockBytes,
  layoutWords,
  outputBlocks,
  type ResidentLayout,
} from '../../../crypto/resident/resident-layout.js';
import { encryptBlocks, type WeightSeeds } from '../../../crypto/resident/resident-product.js';
import { SEED_BYTES } from '../../../crypto/rlwe/keys.js';
import type {
  Download,
  KeptWeight,
  Resident,
  ResidentKey,
  ResidentStore,
} from '../../../material/resident.js';
import type { Channel } from '../../../net/channel.js';
import { receiveNotice, sendBegin } from '../../../net/notice.js';
import { confirmOpened } from '../../../net/transcript.js';
import type { Session } from '../../../session/session.js';
import type { ResidentWeight, ResidentWeights } from './resident-weights.js';

const KEY_NAME_BYTES = 16;
const COUNT_BYTES = 4;
const PIECE_BYTES = 8e6;
const PIECES_ON_THE_WAY = 2;
const ACKNOWLEDGED = 1;

/** Of the key, the weights, and all that decides how they are encrypted: two encryptions under one seed would tell their difference. */
function derived({ secret, weights }: ResidentKey, how: string, purpose: string): Uint8Array {
  const hash = createSha256();
  hash.update(secret);
  hash.update(hexToBytes(weights));
  hash.update(new TextEncoder().encode(`cipherprune resident ${how} ${purpose}`));
  return hash.digest();
}

const howOf = ({ layout }: ResidentWeight): string =>
  `${layout.parameters.name} ${layoutWords(layout).join()}`;

/** Name of the key: says nothing of it. */
const nameOf = (key: ResidentKey, weights: readonly ResidentWeight[]): Uint8Array =>
  derived(key, weights.map(howOf).join(' '), 'name').slice(0, KEY_NAME_BYTES);

const seedsOf = (key: ResidentKey, weight: ResidentWeight, index: number): WeightSeeds => ({
  publicSeed: derived(key, howOf(weight), `public ${index}`).slice(0, SEED_BYTES),
  secretSeed: derived(key, howOf(weight), `secret ${index}`).slice(0, SEED_BYTES),
});

const sizeOf = ({ layout }: ResidentWeight): KeptWeight => ({
  blocks: outputBlocks(layout),
  blockBytes: blockBytes(layout),
});

/** Blocks that travel together, from `have` on. */
function* piecesOf(layout: ResidentLayout, have: number): Generator<{ first: number; count: number }> {
  const most = Math.max(1, Math.floor(PIECE_BYTES / blockBytes(layout)));
  const blocks = outputBlocks(layout);
  for (let first = have; first < blocks; first += most)
    yield { first, count: Math.min(most, blocks - first) };
}

function encodeCounts(counts: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(COUNT_BYTES * counts.length));
  counts.forEach((count, index) => {
    view.setUint32(COUNT_BYTES * index, count, true);
  });
  return new Uint8Array(view.buffer);
}

/** @throws ProtocolError for more blocks than a weight has */
function decodeCounts(bytes: Uint8Array, weights: readonly ResidentWeight[]): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return weights.map(({ layout }, index) => {
    const [count, most] = [view.getUint32(COUNT_BYTES * index, true), outputBlocks(layout)];
    if (count > most)
      throw new ProtocolError(`resident weights: expected at most ${most} blocks of ${index}, got ${count}`);
    return count;
  });
}

async function receiveAcknowledgement(channel: Channel): Promise<void> {
  const [word] = await channel.receive(1);
  if (word !== ACKNOWLEDGED)
    throw new ProtocolError(`resident weights: expected an acknowledgement, got ${word}`);
}

/** Of one connection. */
export class ResidentTransfer implements Resident {
  readonly #channel: Channel;

  constructor(
    session: Session,
    private readonly resident: ResidentWeights,
  ) {
    this.#channel = session.channel;
  }

  get count(): number {
    return this.resident.weights.length;
  }

  readonly send = protocol(
    'resident weights',
    async (key: ResidentKey, admit: (bytes: number) => Promise<void>): Promise<void> => {
      const channel = this.#channel;
      const { weights, threads } = this.resident;
      const seeds = weights.map((weight, index) => seedsOf(key, weight, index));
      channel.send(concatBytes(nameOf(key, weights), ...seeds.map(({ publicSeed }) => publicSeed)));
      const have = decodeCounts(await channel.receive(COUNT_BYTES * seeds.length), weights);
      const missing = weights
        .map(sizeOf)
        .reduce((sum, size, i) => sum + (size.blocks - have[i]!) * size.blockBytes, 0);
      if (missing > 0) {
        await admit(missing);
        sendBegin(channel);
      }
      let onTheWay = 0;
      for (const [index, { layout, weight }] of weights.entries()) {
        for (const piece of piecesOf(layout, have[index]!)) {
          channel.send(await encryptBlocks(layout, seeds[index]!, weight.matrix!, piece, threads));
          await confirmOpened(channel, 'server');
          if (++onTheWay < PIECES_ON_THE_WAY) continue;
          await receiveAcknowledgement(channel);
          onTheWay--;
        }
      }
      for (; onTheWay > 0; onTheWay--) await receiveAcknowledgement(channel);
      this.resident.hold(seeds.map((own) => ({ party: 'server', ...own })));
    },
  );

  readonly receive = protocol(
    'resident weights',
    async (model: string, store: ResidentStore, onDownload: (download: Download) => void): Promise<void> => {
      const channel = this.#channel;
      const { weights } = this.resident;
      const offer = await channel.receive(KEY_NAME_BYTES + SEED_BYTES * weights.length);
      const key = bytesToHex(offer.subarray(0, KEY_NAME_BYTES));
      const sizes = weights.map(sizeOf);
      const kept = await store.open({ model, key }, sizes);
      const blocks = sizes.map((size) => new Uint8Array(size.blocks * size.blockBytes));
      const have: number[] = [];
      for (const [index, out] of blocks.entries()) have.push(await kept.read(index, out));
      const totalBytes = blocks.reduce((sum, { length }) => sum + length, 0);
      const missing = sizes.map((size, index) => (size.blocks - have[index]!) * size.blockBytes);
      let missingBytes = missing.reduce((sum, bytes) => sum + bytes, 0);
      onDownload({ totalBytes, missingBytes });
      channel.send(encodeCounts(have));
      if (missingBytes > 0 && !(await receiveNotice(channel)))
        throw new ProtocolError('resident weights: expected them or a refusal, the server declines');
      for (const [index, { layout }] of weights.entries()) {
        const size = sizes[index]!;
        for (const { first, count } of piecesOf(layout, have[index]!)) {
          const piece = await channel.receive(count * size.blockBytes);
          await confirmOpened(channel, 'client');
          channel.send(Uint8Array.of(ACKNOWLEDGED));
          blocks[index]!.set(piece, first * size.blockBytes);
          await kept.append(index, first, piece);
          missingBytes -= piece.length;
          onDownload({ totalBytes, missingBytes });
        }
      }
      const seedOf = (index: number) =>
        offer.slice(KEY_NAME_BYTES + SEED_BYTES * index).subarray(0, SEED_BYTES);
      this.resident.hold(
        blocks.map((own, index) => ({ party: 'client', publicSeed: seedOf(index), blocks: own })),
      );
    },
  );
}
