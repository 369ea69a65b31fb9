import { started } from '../core/span.js';
import type { Transcript } from './transcript.js';

/** A reliable, ordered byte stream between two parties. Lengths are agreed by the protocol, never sent by the peer. */
export interface Channel {
  /** Queues bytes and returns at once; the caller must not change them afterwards. */
  send(bytes: Uint8Array): void;
  /** As `send`, of bytes that the caller took (core/words.ts) and knows no more: they are given back when they, and all that was sent
   * before, have left. */
  sendTaken?(bytes: Uint8Array): void;
  /**
   * Exactly `byteLength` bytes, which are the caller's: it may give them back (core/words.ts).
   * @throws PeerClosedError, PeerTimeoutError
   */
  receive(byteLength: number): Promise<Uint8Array>;
  /** Hands what is queued to the network now: before a long computation, so that the peer can begin. */
  flush?(): void;
  /** Runs a body that takes one round trip however many messages it exchanges: chunks of corrections that cross each other,
   * then chunks of answers. A meter counts it as one at most. */
  pipelined?<T>(body: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
  /** What passed so far, where that is kept (transcript.ts). */
  readonly transcript?: Transcript | undefined;
}

/** Of a channel that gives nothing back, what was sent is left to the collector. */
export function sendTaken(channel: Channel, bytes: Uint8Array): void {
  if (channel.sendTaken) channel.sendTaken(bytes);
  else channel.send(bytes);
}

/** Runs a body that takes one round trip. */
export const pipelined = <T>(channel: Channel, body: () => Promise<T>): Promise<T> =>
  channel.pipelined ? channel.pipelined(body) : started(body);
