/**
 * What either party sends of what was made ahead is uniform, whatever goes in: for equal numbers at all places, with shares of one's own choice, no bit
 * of a word is biased, no word depends on the one before, and two calls with equal inputs send independent bytes. A mask that is used twice, one of a
 * smaller ring than what it hides, or a bit that is opened by itself would show here: each statistic is a sum of some thousand bits.
 */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../inference/backends/backend.js';
import { localBits, localTensor } from '../../inference/backends/local-backend.js';
import { openTwoParty } from '../../inference/backends/two-party/open-two-party.js';
import type { LineTable } from '../../inference/core/line-table.js';
import { encode, type RingFormat } from '../../inference/core/ring-tensor.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import type { Channel } from '../../inference/net/channel.js';
import { maximum } from '../../inference/functions/maximum.js';
import { GilboaLinear } from '../support/gilboa-linear.js';
import { type TestParty, testParties } from '../support/two-parties.js';
import { agreement, bitsOf, MOST_BYTES, MOST_DEVIATIONS, MOST_PERIOD, worstBit } from './uniformity.js';

const ITEMS = 2048;
/** Keeps messages, from `begin` on. */
function recorded(channel: Channel) {
  const messages: Uint8Array[] = [];
  return {
    messages,
    channel: {
      send(bytes: Uint8Array) {
        messages.push(bytes.slice());
        channel.send(bytes);
      },
      receive: (byteLength: number) => channel.receive(byteLength),
      close: () => channel.close(),
    },
  };
}

interface Operation {
  readonly name: string;
  readonly format: RingFormat;
  readonly columns?: number;
  run(mpc: Backend, x: SharedTensor): Promise<unknown>;
}

const bitsAt = (mpc: Backend, x: SharedTensor) =>
  localBits(new Uint8Array(ITEMS).fill(mpc.self === 'server' ? 1 : 0), x.shape.slice(0, 1));

const entries = BigUint64Array.from({ length: 256 }, (_, place) => BigInt(place));
const LINES: LineTable = {
  index: { ringBits: 8, fractionBits: 2 },
  isRounded: true,
  line: null,
  offset: { ringBits: 8, fractionBits: 0 },
  entries: () => entries,
  least: 0,
  out: { ringBits: 9, fractionBits: 0 },
};

const operations: readonly Operation[] = [
  {
    name: 'top bits, of two borders',
    format: { ringBits: 8, fractionBits: 0 },
    run: (mpc, x) => mpc.areNegative(x, [[{ rows: ITEMS, value: 3 }], [{ rows: ITEMS, value: -3 }]]),
  },
  { name: 'comparisons', format: { ringBits: 5, fractionBits: 0 }, run: (mpc, x) => mpc.isNegative(x) },
  { name: 'squares', format: { ringBits: 9, fractionBits: 0 }, run: (mpc, x) => mpc.square(x) },
  {
    name: 'squares into a larger ring',
    format: { ringBits: 9, fractionBits: 0 },
    run: (mpc, x) => mpc.square(x, 15),
  },
  {
    name: 'selections',
    format: { ringBits: 9, fractionBits: 0 },
    run: (mpc, x) => mpc.multiplex(bitsAt(mpc, x), x),
  },
  {
    name: 'selections into a larger ring',
    format: { ringBits: 9, fractionBits: 0 },
    run: (mpc, x) => mpc.multiplex(bitsAt(mpc, x), x, 14),
  },
  {
    name: 'bits as numbers',
    format: { ringBits: 9, fractionBits: 0 },
    run: (mpc, x) => mpc.toArithmetic(bitsAt(mpc, x), 9),
  },
  { name: 'wider rings', format: { ringBits: 9, fractionBits: 0 }, run: (mpc, x) => mpc.widen(x, 14) },
  {
    name: 'products',
    format: { ringBits: 12, fractionBits: 0 },
    run: (mpc, x) => mpc.multiply(x, mpc.narrow(x, 8)),
  },
  {
    name: 'tables',
    format: { ringBits: 5, fractionBits: 0 },
    run: (mpc, x) => mpc.lookUp(x, encode(new Float64Array(32), [32], { ringBits: 5, fractionBits: 0 })),
  },
  { name: 'e^x', format: { ringBits: 11, fractionBits: 6 }, run: (mpc, x) => mpc.exponential(x, 8) },
  {
    name: 'lines',
    format: { ringBits: 12, fractionBits: 6 },
    run: (mpc, x) =>
      mpc.lines!(x, LINES, async (on, y) => on.reinterpret(on.narrow(await on.round(y, 4), 8), 0)),
  },
  {
    name: 'row maxima',
    format: { ringBits: 12, fractionBits: 0 },
    columns: 4,
    run: (mpc, x) => maximum(mpc, x),
  },
];

describe('what is sent of material', () => {
  it.each(operations)('is uniform: $name', async ({ format, columns, run }) => {
    const shape = columns === undefined ? [ITEMS] : [ITEMS, columns];
    const words = ITEMS * (columns ?? 1);
    // One party's share is zero at all places, as of what the other one shared.
    const share = (party: TestParty) =>
      localTensor(new BigUint64Array(words).fill(party.session.self === 'server' ? 0n : 5n), shape, format);
    const { server, client } = testParties(11);
    const parties = [server, client].map((party) => {
      const { channel, messages } = recorded(party.session.channel);
      const session = { ...party.session, channel };
      const opened = openTwoParty({
        session,
        cots: party.cots,
        linear: new GilboaLinear({ ...party, session }),
      });
      return { ...opened, messages, once: () => run(opened.mpc, share(party)) };
    });
    await Promise.all(parties.map(({ once }) => once()));
    const demand = parties[0]!.material.demand();
    await Promise.all(parties.map(({ material }) => material.prepareAhead(demand.times(2))));
    for (const { messages } of parties) messages.length = 0;
    // Twice the same: what one call sends says nothing of the next one.
    for (let call = 0; call < 2; call++) await Promise.all(parties.map(({ once }) => once()));
    for (const { messages, material } of parties) {
      expect(material.stock().items.entries.filter(([{ kind }]) => kind !== 'cots')).toEqual([]);
      const streams = messages
        .map((message) => bitsOf(message.subarray(0, MOST_BYTES)))
        .filter(({ length }) => length >= ITEMS);
      expect(streams.length).toBeGreaterThan(0);
      for (const [i, bits] of streams.entries()) {
        expect(worstBit(bits)).toBeLessThan(MOST_DEVIATIONS);
        for (let lag = 1; lag <= MOST_PERIOD; lag++)
          expect(agreement(bits, bits, lag)).toBeLessThan(MOST_DEVIATIONS);
        // Bits of several kinds lie behind each other, each of all numbers.
        for (let lag = words; lag < bits.length; lag += words)
          expect(agreement(bits, bits, lag)).toBeLessThan(MOST_DEVIATIONS);
        for (const other of streams.slice(i + 1))
          if (other.length === bits.length) expect(agreement(bits, other)).toBeLessThan(MOST_DEVIATIONS);
      }
    }
  });
});
