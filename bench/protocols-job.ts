/** The parties' side of `bench protocols`: every case of protocol-cases.ts, one after the other, over one session. */
import type { Backend } from '../inference/backends/backend.js';
import { setupLinear } from '../inference/backends/two-party/linear/linear.js';
import { openTwoParty } from '../inference/backends/two-party/open-two-party.js';
import type { CotKind } from '../inference/core/cot-kind.js';
import { withSpan } from '../inference/core/span.js';
import type { CotPair } from '../inference/crypto/ot/cot.js';
import { setupCots } from '../inference/crypto/ot/setup-cots.js';
import { Prg } from '../inference/crypto/prg.js';
import type { Channel } from '../inference/net/channel.js';
import { createSession } from '../inference/session/create-session.js';
import { Meter, meteredChannel } from '../inference/session/meter.js';
import { functionCases } from './function-cases.js';
import type { JobParty } from './job-party.js';
import { rounded } from './measure.js';
import { LEAF_CASES, type ProtocolCase } from './protocol-cases.js';

export interface ProtocolFigure {
  readonly name: string;
  readonly shape: string;
  readonly milliseconds: number;
  /** Both directions. */
  readonly bytes: number;
  readonly rounds: number;
  /** Correlated OTs of both directions. */
  readonly cots: number;
}

/** Counts what protocols take. */
function countedCots(cots: CotPair): { readonly pair: CotPair; taken: number } {
  const counter = { taken: 0, pair: cots };
  const counted =
    <Result>(take: (count: number) => Result) =>
    (count: number): Result => {
      counter.taken += count;
      return take(count);
    };
  const { sender, receiver } = cots;
  counter.pair = {
    ...cots,
    sender: { take: counted(sender.take), claim: counted(sender.claim) },
    receiver: { take: counted(receiver.take), lend: counted(receiver.lend) },
  };
  return counter;
}

/** Both parties have finished what came before. */
async function barrier(channel: Channel): Promise<void> {
  channel.send(Uint8Array.of(0));
  await channel.receive(1);
}

const RUNS = 3;

/**
 * Means over a few runs: COTs are made in large batches which single runs hit or miss, and a one-way protocol ends for its
 * sender before the receiver has finished.
 */
async function figureOf(
  { name, shape, prepare }: ProtocolCase,
  mpc: Backend,
  cots: { readonly taken: number },
  channel: Channel,
): Promise<ProtocolFigure> {
  const run = await prepare(mpc);
  await run();
  await barrier(channel);
  const takenBefore = cots.taken;
  const started = performance.now();
  const meter = new Meter();
  await withSpan(meter.span, async () => {
    for (let i = 0; i < RUNS; i++) await run();
  });
  const { cost } = meter.finish();
  await barrier(channel);
  return {
    name,
    shape,
    milliseconds: rounded((performance.now() - started) / RUNS),
    bytes: Math.round((cost.sentBytes + cost.receivedBytes) / RUNS),
    rounds: rounded(cost.rounds / RUNS),
    cots: (cots.taken - takenBefore) / RUNS,
  };
}

export interface ProtocolsParameters {
  /** Null: all. */
  readonly names: readonly string[] | null;
  readonly cots: CotKind;
}

export async function protocolsJob({ self, channel, progress }: JobParty, parameters: unknown) {
  const { names, cots: extension } = parameters as ProtocolsParameters;
  const session = createSession({ self, channel: meteredChannel(channel), random: Prg.create() });
  const cots = countedCots(await setupCots(session, { extension }));
  const { mpc } = openTwoParty({ session, cots: cots.pair, linear: await setupLinear(session) });
  const figures: ProtocolFigure[] = [];
  for (const protocolCase of [...LEAF_CASES, ...functionCases()]) {
    if (names && !names.includes(protocolCase.name)) continue;
    progress(protocolCase.name);
    figures.push(await figureOf(protocolCase, mpc, cots, channel));
  }
  return figures;
}
