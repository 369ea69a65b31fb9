/**
 * The client's word on the line (core/line-speed.ts), in the handshake. Where neither end wants a speed the client measures: the answer
 * to its hello is the first round trip, and as a busy server answers late, what seems far is asked again with single bytes.
 */
import {
  LINE_SPEEDS,
  type LineSpeed,
  type LineWish,
  lineOfRoundTrip,
  SLOW_ROUND_TRIP_MILLISECONDS,
  wishedLine,
} from '../core/line-speed.js';
import { ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';

const PING = 3;
const MOST_PINGS = 2;

/** The client's side: what both wishes say, or what the shortest of a few round trips says; the first one took `waited` milliseconds. */
export async function chooseLine(
  channel: Channel,
  ofServer: LineWish,
  ofClient: LineWish,
  waited: number,
): Promise<LineSpeed> {
  const wished = wishedLine(ofServer, ofClient);
  if (wished) return wished;
  let shortest = waited;
  for (let pings = 0; pings < MOST_PINGS && shortest > SLOW_ROUND_TRIP_MILLISECONDS; pings++) {
    const sent = performance.now();
    channel.send(Uint8Array.of(PING));
    await channel.receive(1);
    shortest = Math.min(shortest, performance.now() - sent);
  }
  return lineOfRoundTrip(shortest);
}

/** The server's side: the next byte that is no ping. @throws ProtocolError for more pings than clients send */
export async function answerPings(channel: Channel): Promise<number> {
  for (let pings = 0; ; pings++) {
    const [byte] = await channel.receive(1);
    if (byte !== PING) return byte!;
    if (pings === MOST_PINGS)
      throw new ProtocolError(`handshake: expected at most ${MOST_PINGS} pings, the client sends more`);
    channel.send(Uint8Array.of(PING));
  }
}

export const byteOfLine = (line: LineSpeed): number => LINE_SPEEDS.indexOf(line);

/** @throws ProtocolError unless the client says a speed that this server leaves to it */
export function lineOfByte(byte: number, own: LineWish): LineSpeed {
  const line = LINE_SPEEDS[byte];
  if (line !== undefined && (own === 'auto' || own === line)) return line;
  throw new ProtocolError(
    `handshake: expected the line to be ${own === 'auto' ? LINE_SPEEDS.join(' or ') : own}, the client says ${line ?? byte}`,
  );
}
