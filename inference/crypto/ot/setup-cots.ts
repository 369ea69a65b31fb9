/**
 * Sets up COTs in both directions with public-key cryptography in one only: 128 base OTs give the direction in which
 * the server holds delta; 128 of those COTs, hashed, are the base OTs of the other. Two round trips.
 */
import { kernels } from '#kernels';
import { type CotKind, DEFAULT_COTS } from '../../core/cot-kind.js';
import { protocol } from '../../core/span.js';
import { codeOf, DEFAULT_SUITE, type Suite } from '../../core/suite.js';
import { peerOf } from '../../core/tensors.js';
import type { Session } from '../../session/session.js';
import { baseOtReceive, baseOtSend } from './base-ot.js';
import { matrixSeed, tossCoins } from './coin-toss.js';
import type { CotPair, CotReceiver, CotSender } from './cot.js';
import { cotReceiver, cotSender } from './cot-pool.js';
import { FERRET_BASE_COTS, ferretReceiver, ferretSender } from './ferret.js';
import {
  BASE_OTS,
  baseChoices,
  DEFAULT_K,
  randomDelta,
  type SoftSpoken,
  softSpokenReceiver,
  softSpokenSender,
} from './soft-spoken.js';

const BLOCK_BYTES = 16;

export interface CotOptions {
  readonly extension?: CotKind;
  /** SoftSpoken's bits of delta per tree, 1 to 8: ceil(128 / k) - 1 bits and about 2^k / k blocks of the generator a COT. */
  readonly k?: number;
  /** Of generators, hashes and trees. */
  readonly suite?: Suite;
  /** Both halves show that they keep to the extension's protocol (extension-check.ts, ferret-check.ts). */
  readonly checks?: boolean;
}

/** Both parties call this once per session, with equal options. */
export const setupCots = protocol(
  'setupCots',
  async (session: Session, options: CotOptions = {}): Promise<CotPair> => {
    const { extension = DEFAULT_COTS, k = DEFAULT_K, checks = false, suite = DEFAULT_SUITE } = options;
    if (!Number.isInteger(k) || k < 1 || k > 8)
      throw new RangeError(`COTs: expected k from 1 to 8, got ${k}`);
    const softSpoken = { k, checks, suite: codeOf(suite) };
    const pair =
      session.self === 'server'
        ? await setupServer(session, softSpoken)
        : await setupClient(session, softSpoken);
    return extension === 'ferret' ? setupFerret(session, pair, checks) : pair;
  },
);

/** The first COTs of each direction become the base of Ferret's. */
async function setupFerret(session: Session, pair: CotPair, checks: boolean): Promise<CotPair> {
  const { self, channel } = session;
  const toss = await tossCoins(session);
  const [ofSender, ofReceiver] = await Promise.all([
    pair.sender.take(FERRET_BASE_COTS),
    pair.receiver.take(FERRET_BASE_COTS),
  ]);
  const { delta } = ofSender;
  const sending = ferretSender(session, { base: ofSender, seed: matrixSeed(toss, self), checks });
  const receiving = ferretReceiver({ base: ofReceiver, seed: matrixSeed(toss, peerOf(self)), checks });
  return {
    sender: cotSender(channel, sending, delta, ofSender.tweak + FERRET_BASE_COTS),
    receiver: cotReceiver(channel, receiving, ofReceiver.tweak + FERRET_BASE_COTS),
    suite: pair.suite,
  };
}

async function setupServer(session: Session, softSpoken: SoftSpoken): Promise<CotPair> {
  const delta = randomDelta(session);
  const baseKeys = await baseOtReceive(session, baseChoices(delta));
  const sending = await softSpokenSender(session, softSpoken, delta, baseKeys);
  const sender = cotSender(session.channel, sending, delta);
  const pairs = await randomOtSend(session, sender);
  const receiving = softSpokenReceiver(session, softSpoken, pairs);
  return { sender, receiver: cotReceiver(session.channel, receiving), suite: softSpoken.suite };
}

async function setupClient(session: Session, softSpoken: SoftSpoken): Promise<CotPair> {
  const pairs = await baseOtSend(session, BASE_OTS);
  const receiving = softSpokenReceiver(session, softSpoken, pairs);
  const receiver = cotReceiver(session.channel, receiving);
  const { delta, keys } = await randomOtReceive(session, receiver);
  const sending = await softSpokenSender(session, softSpoken, delta, keys);
  return { sender: cotSender(session.channel, sending, delta), receiver, suite: softSpoken.suite };
}

/** 128 random OTs from COTs: → keys [128, 2, 16]. The first pair is swapped if the receiver asks, see below. */
async function randomOtSend(session: Session, cots: CotSender): Promise<Uint8Array> {
  const { blocks, delta, tweak, suite } = await cots.take(BASE_OTS);
  const zeros = new Uint8Array(blocks.length);
  const ones = new Uint8Array(blocks.length);
  kernels.hashPairs(blocks, delta, tweak, zeros, ones, suite);
  const [swap] = await session.channel.receive(1);
  const keys = new Uint8Array(2 * blocks.length);
  for (let i = 0; i < BASE_OTS; i++) {
    const swapped = i === 0 ? swap! & 1 : 0;
    const block = (pads: Uint8Array) => pads.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES);
    keys.set(block(zeros), (2 * i + swapped) * BLOCK_BYTES);
    keys.set(block(ones), (2 * i + 1 - swapped) * BLOCK_BYTES);
  }
  return keys;
}

/**
 * The receiver's delta is the complement of its random choices. Only its lowest bit, which is 1 by convention and so
 * no secret, may need a correction: that pair is swapped.
 */
async function randomOtReceive(
  session: Session,
  cots: CotReceiver,
): Promise<{ delta: Uint8Array; keys: Uint8Array }> {
  const { blocks, choices, tweak, suite } = await cots.take(BASE_OTS);
  const keys = new Uint8Array(blocks.length);
  kernels.hashBlocks(blocks, tweak, keys, suite);
  session.channel.send(Uint8Array.of(choices[0]!));
  choices[0] = 0;
  const delta = new Uint8Array(BLOCK_BYTES);
  choices.forEach((choice, i) => {
    delta[i >> 3]! |= (1 - choice) << (i & 7);
  });
  return { delta, keys };
}
