/** Both parties of a protocol in one process, with dealt COTs, and what they sent. */

import { type CarryProtocol, carryShares } from '../../inference/backends/two-party/comparison/comparison.js';
import type { PartyContext } from '../../inference/backends/two-party/context/party-context.js';
import { Turns } from '../../inference/backends/two-party/context/turns.js';
import {
  type BitProduct,
  bitProducts,
  type Carries,
} from '../../inference/backends/two-party/products/bit-product.js';
import type { SuiteCode } from '../../kernels/types/prg.js';
import type { PartyId } from '../../inference/core/tensors.js';
import { Prg } from '../../inference/crypto/prg.js';
import type { Channel } from '../../inference/net/channel.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { createSession, type RecordedSession } from '../../inference/session/create-session.js';
import { insecureCotPairs } from './insecure-cot-dealer.js';

/** Longest chain of messages that had to wait for each other, and the bytes of both directions. */
export interface Traffic {
  flights: number;
  bytes: number;
}

/** Counts flights as a logical clock does: a message leaves one flight after the last that its sender waited for. */
function countedPair(traffic: Traffic): readonly [Channel, Channel] {
  const pair = memoryChannelPair();
  const clocks = [0, 0];
  const inTransit: { flight: number; bytes: number }[][] = [[], []];
  const counted = (self: 0 | 1): Channel => ({
    send(bytes) {
      const flight = clocks[self]! + 1;
      inTransit[1 - self]!.push({ flight, bytes: bytes.length });
      traffic.bytes += bytes.length;
      traffic.flights = Math.max(traffic.flights, flight);
      pair[self].send(bytes);
    },
    async receive(byteLength) {
      const bytes = await pair[self].receive(byteLength);
      for (let left = byteLength; left > 0; ) {
        const first = inTransit[self]![0]!;
        const taken = Math.min(left, first.bytes);
        clocks[self] = Math.max(clocks[self]!, first.flight);
        left -= taken;
        first.bytes -= taken;
        if (first.bytes === 0) inTransit[self]!.shift();
      }
      return bytes;
    },
    close: () => pair[self].close(),
  });
  return [counted(0), counted(1)];
}

export interface TestParty extends PartyContext {
  readonly session: RecordedSession;
  readonly turns: Turns;
}

export interface TestParties {
  readonly server: TestParty;
  readonly client: TestParty;
  readonly traffic: Traffic;
}

export function testParties(seed: number, suite: SuiteCode = 0): TestParties {
  const traffic = { flights: 0, bytes: 0 };
  const channels = countedPair(traffic);
  const cots = insecureCotPairs(seed, suite);
  const party = (self: PartyId, at: 0 | 1): TestParty => {
    const random = Prg.insecureForTests(100 + 2 * seed + at);
    return {
      session: createSession({ self, channel: channels[at], random }),
      cots: cots[at],
      turns: new Turns(),
    };
  };
  return { server: party('server', 0), client: party('client', 1), traffic };
}

type TurnsOf = PartyContext & { readonly turns: Turns };

/** On demand, by turns. */
export const carryOf =
  (party: TurnsOf): CarryProtocol =>
  (compared, ringBits) =>
    carryShares(party, compared, ringBits, party.turns.take());
export const carriesOf =
  (party: TurnsOf): Carries =>
  (bits, ringBits) =>
    bitProducts(party).carries(bits, ringBits, party.turns.takeTurn());
export const bothProductsOf =
  (party: TurnsOf): BitProduct =>
  (factors, ringBits) =>
    bitProducts(party).both(factors, ringBits, party.turns.takeBothWays());

/** Runs the same line at both parties. */
export function both<T>(parties: TestParties, body: (party: TestParty) => Promise<T>): Promise<[T, T]> {
  return Promise.all([body(parties.server), body(parties.client)]);
}

/** Runs a protocol alone on fresh parties and reports its traffic. */
export async function trafficOf<T>(body: (party: TestParty) => Promise<T>): Promise<Traffic> {
  const parties = testParties(1);
  await both(parties, body);
  return parties.traffic;
}
