/**
 * What a node sent, received and was busy with, in order. How many messages waited for each other cannot be seen at one node:
 * chain.ts puts the three traces together.
 */
import type { Span } from '../../inference/core/span.js';
import type { Channel } from '../../inference/net/channel.js';

/** `to` and `from` are numbers of nodes. A span's path is its names from the outermost on. */
export type TraceEvent =
  | { readonly kind: 'sent'; readonly to: number; readonly bytes: number }
  | { readonly kind: 'received'; readonly from: number; readonly bytes: number }
  | { readonly kind: 'begin'; readonly name: string; readonly layer: number | null; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };

export class Trace {
  readonly events: TraceEvent[] = [];

  /** A channel to a node whose messages are noted. */
  channel(channel: Channel, other: number): Channel {
    return {
      send: (bytes) => {
        this.events.push({ kind: 'sent', to: other, bytes: bytes.length });
        channel.send(bytes);
      },
      receive: async (byteLength) => {
        const bytes = await channel.receive(byteLength);
        this.events.push({ kind: 'received', from: other, bytes: byteLength });
        return bytes;
      },
      flush: () => channel.flush?.(),
      close: () => channel.close(),
      transcript: channel.transcript,
    };
  }

  /** The span in which a run takes place. */
  span(name: string, layer: number | null = null): Span {
    this.events.push({ kind: 'begin', name, layer, at: performance.now() });
    return {
      child: (inner, innerLayer) => this.span(inner, innerLayer ?? null),
      end: () => void this.events.push({ kind: 'end', at: performance.now() }),
    };
  }
}
