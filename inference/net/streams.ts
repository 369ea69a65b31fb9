/**
 * Several streams over one channel, for protocols that run at the same time. What all of them have to say travels in one
 * packet, sent when every one of them waits for the peer: so they share their rounds, and what is sent when depends on the
 * protocols alone, not on who is faster.
 *
 * A packet: `frames [4] | (stream [4] | bytes [4]) × frames | the frames`, little-endian. Outside of `together` the first
 * stream is the channel itself, without packets.
 */
import { snapshot } from '#context';
import type { Snapshot } from '../core/context/context.js';
import { ProtocolError } from '../core/errors.js';
import { nextTask } from '../core/next-task.js';
import { type Channel, pipelined } from './channel.js';
import { ReceiveQueue } from './receive-queue.js';
import type { End, Transcript } from './transcript.js';

/** The peer's frames are read in pieces of this size: nothing is reserved for bytes that never come. */
const PIECE_BYTES = 1 << 20;
/** A peer that sends more ahead, over all streams, than any protocol asks for is stopped here. */
const MAX_QUEUED_BYTES = 1 << 30;

class Stream implements Channel {
  readonly incoming = new ReceiveQueue();
  outgoing: Uint8Array[] = [];
  /** Of what its tasks say and hear while several streams run together. */
  own: Transcript | undefined;

  constructor(private readonly streams: Streams) {}

  send(bytes: Uint8Array): void {
    this.streams.send(this, bytes);
  }

  receive(byteLength: number): Promise<Uint8Array> {
    return this.streams.receive(this, byteLength);
  }

  flush(): void {
    this.streams.flush();
  }

  /** Inside of `together`, packets are counted as they are. */
  pipelined<T>(body: () => Promise<T>): Promise<T> {
    return this.streams.isTogether ? body() : pipelined(this.streams.channel, body);
  }

  close(): Promise<void> {
    return this.streams.channel.close();
  }

  /** Of the whole channel; while several streams run together, of what passed before them and of this one. */
  get transcript(): Transcript | undefined {
    return this.streams.isTogether ? this.own : this.streams.channel.transcript;
  }

  get outgoingBytes(): number {
    return this.outgoing.reduce((sum, { length }) => sum + length, 0);
  }
}

interface Run {
  /** Streams whose task is not done. */
  readonly open: Set<Stream>;
  readonly count: number;
  /** Runs callbacks in the caller's context, so that traffic counts there. */
  readonly inContext: Snapshot;
}

function packetHeader(frames: readonly (readonly [index: number, stream: Stream])[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 8 * frames.length));
  header.setUint32(0, frames.length, true);
  frames.forEach(([index, stream], i) => {
    header.setUint32(4 + 8 * i, index, true);
    header.setUint32(8 + 8 * i, stream.outgoingBytes, true);
  });
  return new Uint8Array(header.buffer);
}

export class Streams {
  readonly #streams: Stream[] = [new Stream(this)];
  #run: Run | null = null;
  #failure: Error | null = null;
  #scheduled = false;
  #reading: 'no' | 'header' | 'frames' = 'no';

  /** `self`: which end of the channel this is, for transcripts of its streams. */
  constructor(
    readonly channel: Channel,
    private readonly self: End,
    private readonly maxQueuedBytes = MAX_QUEUED_BYTES,
  ) {}

  /** Stream 0 can be used outside of `together` as well. */
  stream(index: number): Channel {
    while (this.#streams.length <= index) this.#streams.push(new Stream(this));
    return this.#streams[index]!;
  }

  get isTogether(): boolean {
    return this.#run !== null;
  }

  /** Runs tasks at the same time, task i talking over stream i. The peer runs as many. */
  async together<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
    if (this.#run) throw new Error('streams: expected one set of tasks at a time');
    const used = tasks.map((_, i) => this.stream(i) as Stream);
    used.forEach((stream, i) => {
      stream.own = this.channel.transcript?.fork(this.self, `stream ${i}`);
    });
    const run = { open: new Set(used), count: tasks.length, inContext: snapshot() };
    this.#run = run;
    const results = tasks.map(async (task, i) => {
      try {
        return await task();
      } catch (error) {
        this.#fail(error as Error);
        throw error;
      } finally {
        run.open.delete(used[i]!);
        this.#schedule();
      }
    });
    await Promise.allSettled(results);
    if (this.#failure) throw this.#failure;
    run.inContext(() => this.#sendPacket(run));
    this.#run = null;
    return Promise.all(results);
  }

  send(stream: Stream, bytes: Uint8Array): void {
    if (this.#failure) throw this.#failure;
    if (!this.#run) {
      this.#expectFirst(stream);
      this.channel.send(bytes);
      return;
    }
    stream.own?.sent(bytes);
    stream.outgoing.push(bytes);
    this.#schedule();
  }

  receive(stream: Stream, byteLength: number): Promise<Uint8Array> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (!this.#run) {
      this.#expectFirst(stream);
      return this.channel.receive(byteLength);
    }
    const { own } = stream;
    const taken = stream.incoming.take(byteLength);
    this.#schedule();
    if (!own) return taken;
    return taken.then((bytes) => {
      own.received(bytes);
      return bytes;
    });
  }

  /** Packets leave when all tasks wait. */
  flush(): void {
    if (!this.#run) this.channel.flush?.();
  }

  #expectFirst(stream: Stream): void {
    if (stream !== this.#streams[0]) throw new Error('streams: only the first may be used alone');
  }

  /** Looks at the tasks once they have done all that they can do now. */
  #schedule(): void {
    if (this.#scheduled || !this.#run) return;
    this.#scheduled = true;
    nextTask(() => {
      this.#scheduled = false;
      const run = this.#run;
      run?.inContext(() => this.#advance(run));
    });
  }

  #advance(run: Run): void {
    if (this.#failure || this.#reading === 'frames') return;
    for (const stream of run.open) if (!stream.incoming.isWaiting) return;
    try {
      this.#sendPacket(run);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    if (run.open.size > 0 && this.#reading === 'no') {
      this.#receivePacket(run).then(
        () => this.#schedule(),
        (error: Error) => this.#fail(error),
      );
    }
  }

  #sendPacket(run: Run): void {
    const frames = this.#streams
      .slice(0, run.count)
      .map((stream, index) => [index, stream] as const)
      .filter(([, stream]) => stream.outgoing.length > 0);
    if (frames.length === 0) return;
    this.channel.send(packetHeader(frames));
    for (const [, stream] of frames) {
      for (const bytes of stream.outgoing) this.channel.send(bytes);
      stream.outgoing = [];
    }
  }

  async #receivePacket(run: Run): Promise<void> {
    this.#reading = 'header';
    const count = wordAt(await this.channel.receive(4), 0);
    this.#reading = 'frames';
    if (count < 1 || count > run.count) {
      throw new ProtocolError(`streams: expected 1 to ${run.count} frames in a packet, got ${count}`);
    }
    const table = await this.channel.receive(8 * count);
    for (let frame = 0; frame < count; frame++) {
      await this.#receiveFrame(run, wordAt(table, 2 * frame), wordAt(table, 2 * frame + 1));
    }
    this.#reading = 'no';
  }

  async #receiveFrame(run: Run, index: number, byteLength: number): Promise<void> {
    const stream = this.#streams[index];
    if (index >= run.count || !stream) {
      throw new ProtocolError(`streams: expected a stream below ${run.count}, got ${index}`);
    }
    for (let left = byteLength; left > 0; left -= PIECE_BYTES) {
      stream.incoming.push(await this.channel.receive(Math.min(left, PIECE_BYTES)));
      const ahead = this.#streams.reduce((sum, { incoming }) => sum + incoming.queuedBytes, 0);
      if (ahead > this.maxQueuedBytes) {
        throw new ProtocolError(
          `streams: expected at most ${this.maxQueuedBytes} bytes ahead, got ${ahead} (the last of stream ${index})`,
        );
      }
    }
  }

  /** The connection is of no use any more: all tasks unwind. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const stream of this.#streams) stream.incoming.fail(error);
  }
}

const wordAt = (bytes: Uint8Array, index: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * index, true);
