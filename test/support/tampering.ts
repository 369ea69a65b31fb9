/** Somebody on the way who changes one thing that an end sends. */
import type { Channel } from '../../inference/net/channel.js';

export const TAMPERINGS = ['flip', 'swap', 'insert'] as const;
export type Tampering = (typeof TAMPERINGS)[number];

/** The bytes with one change at `place`; a swap is with the next byte that differs. */
export function changed(bytes: Uint8Array, place: number, how: Tampering): Uint8Array {
  const out = [...bytes];
  if (how === 'flip') out[place]! ^= 0x10;
  if (how === 'insert') out.splice(place, 0, 0x5a);
  if (how === 'swap') {
    const other = out.findIndex((byte, i) => i > place && byte !== out[place]);
    if (other < 0) out[place]! ^= 0x10;
    else [out[place], out[other]] = [out[other]!, out[place]!];
  }
  return Uint8Array.from(out);
}

/** Changes the message that holds byte `at` of what is sent; counts what is sent. */
export function tampering(
  channel: Channel,
  at: number,
  how: Tampering = 'flip',
): { readonly channel: Channel; sent(): number } {
  let sent = 0;
  return {
    channel: {
      send(bytes) {
        const place = at - sent;
        sent += bytes.length;
        channel.send(place >= 0 && place < bytes.length ? changed(bytes, place, how) : bytes);
      },
      receive: (byteLength) => channel.receive(byteLength),
      close: () => channel.close(),
    },
    sent: () => sent,
  };
}

/** As a connection over TCP: who waits too long for a byte gives up. */
export function impatient(channel: Channel, milliseconds: number): Channel {
  return {
    send: (bytes) => channel.send(bytes),
    async receive(byteLength) {
      const timer = setTimeout(() => void channel.close(), milliseconds);
      try {
        return await channel.receive(byteLength);
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => channel.close(),
  };
}
