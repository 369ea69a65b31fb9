/** The counting backend counts single operations byte for byte, as the client of a real run sees them. */
import { expect, it } from 'vitest';
import type { Backend } from '../../../inference/backends/backend.js';
import { setupLinear } from '../../../inference/backends/two-party/linear/linear.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import { encode } from '../../../inference/core/ring-tensor.js';
import { withSpan } from '../../../inference/core/span.js';
import { CountingBackend } from '../../../inference/cost/counting-backend.js';
import { setupCots } from '../../../inference/crypto/ot/setup-cots.js';
import { Prg } from '../../../inference/crypto/prg.js';
import { bitonicSort } from '../../../inference/functions/bitonic-sort.js';
import { bitsOfNumber, obliviousShift } from '../../../inference/functions/oblivious-shift.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { createSession } from '../../../inference/session/create-session.js';
import { Meter, meteredChannel } from '../../../inference/session/meter.js';

type Body = (mpc: Backend) => Promise<unknown>;

async function counted(body: Body) {
  const mpc = new CountingBackend(() => 0);
  const meter = new Meter();
  await withSpan(meter.span, () => body(mpc));
  return meter.finish().cost;
}

async function real(body: Body) {
  const channels = memoryChannelPair();
  const run = async (self: 'server' | 'client') => {
    const channel = meteredChannel(channels[self === 'server' ? 0 : 1]);
    const session = createSession({ self, channel, random: Prg.insecureForTests(self === 'server' ? 1 : 2) });
    const { mpc } = openTwoParty({
      session,
      cots: await setupCots(session),
      linear: await setupLinear(session),
    });
    const meter = new Meter();
    await withSpan(meter.span, () => body(mpc));
    return meter.finish().cost;
  };
  const [, client] = await Promise.all([run('server'), run('client')]);
  return client;
}

const table = encode(
  Float64Array.from({ length: 256 }, (_, i) => i / 16),
  [256],
  { ringBits: 14, fractionBits: 4 },
);

const bodies: readonly (readonly [string, Body])[] = [
  ['look-ups in several chunks', (mpc) => mpc.lookUp(mpc.constant(0, [9000], 8, 0), table)],
  [
    'a sort of 21 rows',
    (mpc) =>
      bitonicSort(mpc, { keys: mpc.constant(1, [21], 13, 4), rows: [mpc.constant(1, [21, 32], 37, 12)] }),
  ],
  [
    'a shift',
    async (mpc) =>
      obliviousShift(
        mpc,
        mpc.constant(1, [100], 30, 12),
        await bitsOfNumber(mpc, mpc.constant(3, [100], 5, 0), 4),
      ),
  ],
];

it.each(bodies)('%s', async (_, body) => {
  const [{ sentBytes, receivedBytes, rounds }, expected] = [await counted(body), await real(body)];
  expect({ sentBytes, receivedBytes, rounds }).toEqual({
    sentBytes: expected.sentBytes,
    receivedBytes: expected.receivedBytes,
    rounds: expected.rounds,
  });
});
