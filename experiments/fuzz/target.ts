/** Something that reads bytes from somebody else. */
import type { Channel } from '../../inference/net/channel.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { CipherPruneError } from '../../util/errors.js';

export interface Target {
  readonly name: string;
  /** Valid inputs. */
  readonly corpus: readonly Uint8Array[];
  /** Valid inputs that say no, which reading throws. */
  readonly refusals?: readonly Uint8Array[];
  /** Throws to refuse. */
  read(bytes: Uint8Array): unknown;
}

/** Reads from a channel that ends after these bytes. */
export async function fromChannel<T>(bytes: Uint8Array, read: (channel: Channel) => Promise<T>): Promise<T> {
  const [server, client] = memoryChannelPair();
  client.send(bytes);
  await client.close();
  return read(server);
}

/** What is sent by a body. */
export function bytesSent(send: (channel: Channel) => void): Uint8Array {
  const sent: Uint8Array[] = [];
  const [channel] = memoryChannelPair();
  send({ ...channel, send: (bytes) => sent.push(bytes) });
  return new Uint8Array(Buffer.concat(sent));
}

/** Is it a refusal, said by this project's own checks? */
export const isRefusal = (error: unknown): boolean =>
  error instanceof CipherPruneError && error.message !== '';
