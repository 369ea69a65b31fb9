/**
 * The two flights that every protocol made from random COTs shares (Beaver, CRYPTO 1995): the receiver sends one bit per
 * COT, its choice XOR the random bit; the sender answers with masked payloads. Kernels compute both halves; here is only
 * the order of messages.
 *
 * When both parties send and receive (two directions at once), their corrections cross each other, then their answers:
 * still one round trip. A one-way protocol ends for its sender as soon as it has answered, so the parties take
 * turns (context/turns.ts): the next receiver's corrections follow the last answer at once, and a chain of n such protocols takes
 * n + 1 flights in place of 2 n.
 *
 * A receiver that wants random choices (material made ahead) takes those of the COTs: one flight. Where its sender waits for nothing else it
 * sends one byte a window, so that the sender does not run ahead of it.
 */

import type { PartyId } from '../../../core/tensors.js';
import { giveBack } from '../../../core/words.js';
import type { ClaimedCots, ReceiverCots, SenderCots } from '../../../crypto/ot/cot.js';
import { sendTaken } from '../../../net/channel.js';
import { type PartyContext, runStep } from '../context/party-context.js';
import type { Step } from '../context/steps.js';
import { posted } from './in-turn.js';

/** What both parties know about one direction. */
export interface CotJob {
  readonly items: number;
  readonly cotsPerItem: number;
  /** The receiver takes what the COTs chose, and corrects nothing. */
  readonly choosesAtRandom?: boolean | undefined;
  /** Bytes of the answer for so many items, a multiple of 8 except for the last ones. */
  messageBytes(items: number): number;
  /** Of the corrections, where they are more than a bit a COT. */
  correctionBytes?(items: number): number;
}

/** None are sent where choices are random. */
export const correctionBytesOf = (job: CotJob, items: number): number =>
  job.correctionBytes?.(items) ?? Math.ceil((items * job.cotsPerItem) / 8);

export interface SenderJob extends CotJob {
  /** Answers items begin to end; `cots` and `corrections` are theirs, and gone afterwards. What was taken (core/words.ts) is given back when it has left. */
  answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array;
}

export interface ReceiverJob extends CotJob {
  /** Corrections for items begin to end, none where choices are random; what it needs of `cots` later, it keeps in a smaller form. */
  begin(cots: ReceiverCots, begin: number, end: number): Uint8Array;
  finish(message: Uint8Array, begin: number, end: number): void;
}

/** COTs in flight in each direction; larger tensors take more round trips. */
export const WINDOW_COTS = 1 << 22;
/** COTs per kernel call and message: both parties work at the same time, memory stays in the cache and is used again. Half as many: twice the calls. */
export const CHUNK_COTS = 1 << 16;

/** Items begin to end. */
export type Range = readonly [begin: number, end: number];

export const itemsPer = (cots: number, job: Pick<CotJob, 'cotsPerItem'>): number =>
  Math.max(8, Math.floor(cots / job.cotsPerItem / 8) * 8);

export function rangesOf([begin, end]: Range, step: number): Range[] {
  return Array.from({ length: Math.ceil((end - begin) / step) }, (_, i) => {
    const from = begin + i * step;
    return [from, Math.min(end, from + step)];
  });
}

const chunksOf = (job: CotJob, window: Range | undefined): Range[] =>
  window === undefined ? [] : rangesOf(window, itemsPer(CHUNK_COTS, job));

const cotsFor = (job: CotJob, [begin, end]: Range): number => (end - begin) * job.cotsPerItem;

/** What the sender of one chunk waits for. */
interface Request {
  readonly cots: () => Promise<ClaimedCots>;
  /** Null where choices are random. */
  readonly corrections: Promise<Uint8Array> | null;
}

/** Of any chunk that corrects nothing; longer ones are of few items with many COTs each. */
const UNCORRECTED = new Uint8Array(CHUNK_COTS / 8);
const uncorrected = (cots: number): Uint8Array =>
  cots <= CHUNK_COTS ? UNCORRECTED.subarray(0, Math.ceil(cots / 8)) : new Uint8Array(Math.ceil(cots / 8));

/**
 * The corrections of one window, chunk by chunk in both directions. COTs are claimed and receives are posted in the same
 * order at both parties, whichever of them makes the extensions' messages.
 */
async function exchangeCorrections(
  { session: { channel }, cots }: PartyContext,
  sending: SenderJob | null,
  sendChunks: readonly Range[],
  receiving: ReceiverJob | null,
  receiveChunks: readonly Range[],
): Promise<Request[]> {
  const requests: Request[] = [];
  for (let c = 0; c < Math.max(sendChunks.length, receiveChunks.length); c++) {
    const outgoing = sendChunks[c];
    const incoming = receiveChunks[c];
    const claimed = sending && outgoing ? cots.sender.claim(cotsFor(sending, outgoing)) : null;
    if (receiving && incoming) {
      const own = await cots.receiver.lend(cotsFor(receiving, incoming));
      const corrections = receiving.begin(own, ...incoming);
      if (!receiving.choosesAtRandom) channel.send(corrections);
    }
    if (sending && outgoing && claimed) {
      const corrections = sending.choosesAtRandom
        ? null
        : posted(channel.receive(correctionBytesOf(sending, outgoing[1] - outgoing[0])));
      requests.push({ cots: claimed, corrections });
    }
  }
  return requests;
}

/** Runs this party's halves of up to two directions; the peer runs the other halves. */
export async function exchange(
  party: PartyContext,
  sending: SenderJob | null,
  receiving: ReceiverJob | null,
): Promise<void> {
  const windowsOf = (job: CotJob | null) =>
    job === null ? [] : rangesOf([0, job.items], itemsPer(WINDOW_COTS, job));
  const [sent, received] = [windowsOf(sending), windowsOf(receiving)];
  for (let w = 0; w < Math.max(sent.length, received.length); w++) {
    const sendChunks = sending ? chunksOf(sending, sent[w]) : [];
    const receiveChunks = receiving ? chunksOf(receiving, received[w]) : [];
    await runStep(party, windowStep(party, sending, sendChunks, receiving, receiveChunks));
  }
}

/** One window: corrections, then answers, both ways at once. One round trip. */
function windowStep(
  party: PartyContext,
  sending: SenderJob | null,
  sendChunks: readonly Range[],
  receiving: ReceiverJob | null,
  receiveChunks: readonly Range[],
): Step {
  const { session, cots } = party;
  const { channel } = session;
  let requests: readonly Request[] = [];
  let ready: Promise<unknown> | null = null;
  return {
    async begin() {
      if (receiving?.choosesAtRandom && sendChunks.length === 0) channel.send(new Uint8Array(1));
      if (sending?.choosesAtRandom && receiveChunks.length === 0) ready = posted(channel.receive(1));
      requests = await exchangeCorrections(party, sending, sendChunks, receiving, receiveChunks);
    },
    async answer() {
      await ready;
      if (sendChunks.length > 0) cots.sender.replenish?.();
      if (receiveChunks.length > 0) cots.receiver.replenish?.();
      for (const [c, request] of requests.entries()) {
        const [claimed, corrections] = [await request.cots(), await request.corrections];
        const chunk = sendChunks[c]!;
        const flips = corrections ?? uncorrected(cotsFor(sending!, chunk));
        sendTaken(channel, sending!.answer(claimed, flips, ...chunk));
        claimed.done();
        giveBack(corrections);
      }
    },
    async finish() {
      for (const chunk of receiveChunks) {
        const message = await channel.receive(receiving!.messageBytes(chunk[1] - chunk[0]));
        receiving!.finish(message, ...chunk);
        giveBack(message);
      }
    },
  };
}

/** Runs a protocol with one receiver. */
export async function oneWay<Sender extends SenderJob, Receiver extends ReceiverJob>(
  party: PartyContext,
  receiver: PartyId,
  roles: { readonly sender: () => Sender; readonly receiver: () => Receiver },
): Promise<Sender | Receiver> {
  if (receiver === party.session.self) {
    const job = roles.receiver();
    await exchange(party, null, job);
    return job;
  }
  const job = roles.sender();
  await exchange(party, job, null);
  return job;
}
