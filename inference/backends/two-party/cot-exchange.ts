/**
 * The two flights that every protocol made from random COTs shares (Beaver, CRYPTO 1995): the receiver sends one bit per
 * COT, its choice XOR the random bit; the sender answers with masked payloads. Kernels compute both halves; here is only
 * the order of messages.
 *
 * When both parties send and receive (two directions at once), their corrections cross each other, then their answers:
 * still one round trip. A one-way protocol ends for its sender as soon as it has answered, so `oneWay` lets the parties
 * take turns: the next receiver's corrections leave together with the last answer, and a chain of n such protocols takes
 * n + 1 flights in place of 2 n.
 */
import type { CotPair, ReceiverCots, SenderCots } from '../../crypto/ot/cot.js';
import type { Session } from '../../session/session.js';
import type { PartyId } from '../backend.js';

/** What a two-party protocol needs: who we are, the line to the peer, and correlated randomness. */
export interface TwoParty {
  readonly session: Session;
  readonly cots: CotPair;
  /** Receiver of the next one-way protocol; the same at both parties. */
  nextReceiver: PartyId;
}

/** What both parties know about one direction. */
interface CotJob {
  readonly items: number;
  readonly cotsPerItem: number;
  /** Bytes of the answer for so many items, a multiple of 8 except for the last ones. */
  messageBytes(items: number): number;
}

export interface SenderJob extends CotJob {
  /** Answers items begin to end; `cots` and `corrections` are theirs. */
  answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array;
}

export interface ReceiverJob extends CotJob {
  correct(random: Uint8Array, begin: number, end: number): Uint8Array;
  finish(cots: ReceiverCots, message: Uint8Array, begin: number, end: number): void;
}

const BLOCK_BYTES = 16;
/** COTs held at a time, in each direction: 68 MB. Larger tensors take more round trips. */
const WINDOW_COTS = 1 << 22;
/** COTs per kernel call and message, so that the parties work at the same time and the event loop breathes. */
const CHUNK_COTS = 1 << 16;

const itemsPer = (cots: number, job: CotJob): number =>
  Math.max(8, Math.floor(cots / job.cotsPerItem / 8) * 8);

function* ranges(begin: number, end: number, step: number): Generator<readonly [number, number]> {
  for (let from = begin; from < end; from += step) yield [from, Math.min(end, from + step)];
}

/** Items begin to end of a job, and their COTs. */
interface Window<Job, Cots> {
  readonly job: Job;
  readonly cots: Cots;
  readonly begin: number;
  readonly end: number;
}

/** COTs for items begin to end of a job; null without a job or when it is done. */
async function takeWindow<Job extends CotJob, Cots>(
  source: { take(count: number): Promise<Cots> },
  job: Job | null,
  range: readonly [number, number] | undefined,
): Promise<Window<Job, Cots> | null> {
  if (job === null || range === undefined) return null;
  const [begin, end] = range;
  return { job, cots: await source.take((end - begin) * job.cotsPerItem), begin, end };
}

const sliceBlocks = <Cots extends SenderCots | ReceiverCots>(
  cots: Cots,
  begin: number,
  end: number,
): Cots => ({
  ...cots,
  blocks: cots.blocks.subarray(begin * BLOCK_BYTES, end * BLOCK_BYTES),
  tweak: cots.tweak + begin,
});

function sendCorrections(
  { session }: TwoParty,
  { job, cots, begin, end }: Window<ReceiverJob, ReceiverCots>,
): void {
  for (const [from, to] of ranges(begin, end, itemsPer(CHUNK_COTS, job))) {
    const first = (from - begin) * job.cotsPerItem;
    const random = cots.choices.subarray(first, first + (to - from) * job.cotsPerItem);
    session.channel.send(job.correct(random, from, to));
  }
}

async function answer(
  { session }: TwoParty,
  { job, cots, begin, end }: Window<SenderJob, SenderCots>,
): Promise<void> {
  const corrections = await session.channel.receive(Math.ceil(((end - begin) * job.cotsPerItem) / 8));
  for (const [from, to] of ranges(begin, end, itemsPer(CHUNK_COTS, job))) {
    const first = (from - begin) * job.cotsPerItem;
    const last = first + (to - from) * job.cotsPerItem;
    const theirs = corrections.subarray(first / 8, Math.ceil(last / 8));
    session.channel.send(job.answer(sliceBlocks(cots, first, last), theirs, from, to));
  }
}

async function finish(
  { session }: TwoParty,
  { job, cots, begin, end }: Window<ReceiverJob, ReceiverCots>,
): Promise<void> {
  for (const [from, to] of ranges(begin, end, itemsPer(CHUNK_COTS, job))) {
    const message = await session.channel.receive(job.messageBytes(to - from));
    const first = (from - begin) * job.cotsPerItem;
    const last = first + (to - from) * job.cotsPerItem;
    job.finish(sliceBlocks(cots, first, last), message, from, to);
  }
}

/** Runs this party's halves of up to two directions; the peer runs the other halves. */
export async function exchange(
  party: TwoParty,
  sending: SenderJob | null,
  receiving: ReceiverJob | null,
): Promise<void> {
  const sent = sending === null ? [] : [...ranges(0, sending.items, itemsPer(WINDOW_COTS, sending))];
  const received =
    receiving === null ? [] : [...ranges(0, receiving.items, itemsPer(WINDOW_COTS, receiving))];
  for (let w = 0; w < Math.max(sent.length, received.length); w++) {
    const [outgoing, incoming] = await Promise.all([
      takeWindow(party.cots.sender, sending, sent[w]),
      takeWindow(party.cots.receiver, receiving, received[w]),
    ]);
    if (incoming) sendCorrections(party, incoming);
    if (outgoing) await answer(party, outgoing);
    if (incoming) await finish(party, incoming);
  }
}

/** Runs a protocol whose roles do not depend on who owns what: the parties take turns as its receiver. */
export async function oneWay<Sender extends SenderJob, Receiver extends ReceiverJob>(
  party: TwoParty,
  roles: { readonly sender: () => Sender; readonly receiver: () => Receiver },
): Promise<Sender | Receiver> {
  const isReceiver = party.nextReceiver === party.session.self;
  party.nextReceiver = party.nextReceiver === 'server' ? 'client' : 'server';
  if (isReceiver) {
    const job = roles.receiver();
    await exchange(party, null, job);
    return job;
  }
  const job = roles.sender();
  await exchange(party, job, null);
  return job;
}
