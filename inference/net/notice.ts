/**
 * The server's answer to a client that wants in, and to each of its requests: it begins, the client waits its turn (and hears so again
 * and again, so that silence still means that nobody is there), it does not do that, or the client is refused.
 *
 *   0 refusal | 1 | 2 place [2] seconds [2] | 3
 */
import { ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';
import { encodeRefusal, type Refusal, receiveRefusal } from './refusal.js';

const [REFUSED, BEGIN, WAIT, DECLINED] = [0, 1, 2, 3] as const;
const MOST = 2 ** 16 - 1;

/** Where a client stands in the queue. */
export interface Wait {
  /** 1: the next. */
  readonly place: number;
  /** Until its turn, as expected; 0: nobody knows. */
  readonly seconds: number;
}

/** What a request costs that the server begins at once. */
export const BEGIN_COST = { bytes: 1, rounds: 1 } as const;

export const sendBegin = (channel: Channel): void => channel.send(Uint8Array.of(BEGIN));

/** What was asked for is not done, and nothing else changes. */
export const sendDeclined = (channel: Channel): void => channel.send(Uint8Array.of(DECLINED));

export const sendRefused = (channel: Channel, refusal: Refusal): void =>
  channel.send(Uint8Array.of(REFUSED, ...encodeRefusal(refusal)));

export function sendWait(channel: Channel, { place, seconds }: Wait): void {
  const bytes = new Uint8Array(5);
  const view = new DataView(bytes.buffer);
  bytes[0] = WAIT;
  view.setUint16(1, Math.min(MOST, place), true);
  view.setUint16(3, Math.min(MOST, Math.ceil(seconds)), true);
  channel.send(bytes);
}

async function receiveWait(channel: Channel): Promise<Wait> {
  const bytes = await channel.receive(4);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { place: view.getUint16(0, true), seconds: view.getUint16(2, true) };
}

/** Waits its turn; true: it begins, false: it is not done. @throws RefusedError */
export async function receiveNotice(
  channel: Channel,
  onWait: (wait: Wait) => void = () => undefined,
): Promise<boolean> {
  for (;;) {
    const [word] = await channel.receive(1);
    if (word === BEGIN) return true;
    if (word === DECLINED) return false;
    if (word === REFUSED) await receiveRefusal(channel);
    if (word !== WAIT) throw new ProtocolError(`expected a notice of the server, got ${word}`);
    onWait(await receiveWait(channel));
  }
}

/** Where nothing can be declined. @throws RefusedError, ProtocolError */
export async function receiveBegin(channel: Channel, onWait?: (wait: Wait) => void): Promise<void> {
  if (await receiveNotice(channel, onWait)) return;
  throw new ProtocolError('expected the server to begin or to refuse, it declined');
}
