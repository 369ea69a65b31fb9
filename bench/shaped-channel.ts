/**
 * A channel that sends as slowly as a given network: every message leaves when the link is free, takes its length divided
 * by the rate, and arrives half a round trip later. A stand-in for kernel traffic shaping, which needs privileges; it
 * knows nothing of TCP's slow start and losses, so it flatters a WAN a little.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '../inference/net/channel.js';
import type { Network } from './networks.js';

/** Timers are only good to about a millisecond; the rest of a delay is spent yielding to the event loop. */
const TIMER_MILLISECONDS = 2;

async function until(moment: number): Promise<void> {
  const wait = moment - performance.now();
  if (wait > TIMER_MILLISECONDS) await sleep(wait - TIMER_MILLISECONDS);
  while (performance.now() < moment) await new Promise((resolve) => setImmediate(resolve));
}

/** One direction of a network, in model time: milliseconds on any clock that only goes on. */
export class Link {
  #freeAt = 0;

  constructor(private readonly network: Network) {}

  /** When a message that is handed over at `now` has arrived in full. */
  arrival(now: number, byteLength: number): number {
    const { bitsPerSecond, roundTripMilliseconds } = this.network;
    this.#freeAt = Math.max(this.#freeAt, now) + (byteLength * 8000) / bitsPerSecond;
    return this.#freeAt + roundTripMilliseconds / 2;
  }
}

/** Shapes what this end sends; wrap both ends. */
export function shapedChannel(channel: Channel, network: Network): Channel {
  const link = new Link(network);
  let delivered = Promise.resolve();
  let failure: unknown = null;
  return {
    send(bytes) {
      if (failure) throw failure;
      const arrival = link.arrival(performance.now(), bytes.length);
      delivered = delivered
        .then(() => until(arrival))
        .then(() => channel.send(bytes))
        .catch((error) => {
          failure ??= error;
        });
    },
    receive: (byteLength) => channel.receive(byteLength),
    async close() {
      await delivered;
      await channel.close();
    },
    transcript: channel.transcript,
  };
}
