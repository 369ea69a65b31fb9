/**
 * What a party sent, received, waited for and was busy with, in order. How many messages waited for each other, and which party waited
 * for which, cannot be seen at one: three-party/chain.ts and timeline/ put traces together.
 */
import { performance } from 'node:perf_hooks';
import { currentSpan, type Span } from '../inference/core/span.js';
import type { Channel } from '../inference/net/channel.js';

/** Milliseconds. */
export interface Moment {
  /** On a clock that all processes of this machine share. */
  readonly at: number;
  /** For so long, in all, had this process nothing to do on its first thread. */
  readonly idle: number;
}

/** Spans and jobs have numbers from 0 on, in the order in which they began; `span`: the innermost one that it belongs to. */
type Event =
  /** `to` and `from` are numbers of parties. */
  | { readonly kind: 'sent'; readonly to: number; readonly bytes: number; readonly span: number }
  | { readonly kind: 'received'; readonly from: number; readonly bytes: number; readonly span: number }
  | {
      readonly kind: 'begin';
      readonly name: string;
      readonly layer: number | null;
      /** Null for the outermost. */
      readonly within: number | null;
    }
  | { readonly kind: 'end'; readonly span: number }
  /** A kernel in a thread of its own; `isAhead`: nobody waits for it yet. */
  | {
      readonly kind: 'job-begin';
      readonly name: string;
      readonly isAhead: boolean;
      readonly span: number;
    }
  | { readonly kind: 'job-end'; readonly job: number; readonly span: number };

export type TraceEvent = Event & Moment;

const NANOSECONDS = 1e6;

const now = (): Moment => ({
  at: Number(process.hrtime.bigint()) / NANOSECONDS,
  idle: performance.eventLoopUtilization().idle,
});

class TraceSpan implements Span {
  readonly beside?: Span;

  constructor(
    readonly trace: Trace,
    readonly number: number,
  ) {}

  child(name: string, layer: number | null = null): TraceSpan {
    return this.trace.begin(name, layer, this.number);
  }

  end(): void {
    this.trace.note({ kind: 'end', span: this.number });
  }

  job(name: string, isAhead: boolean): () => void {
    return this.trace.job(name, isAhead, this.number);
  }
}

export class Trace {
  readonly events: TraceEvent[] = [];
  #spans = 0;
  #jobs = 0;
  #isOver = false;

  /** A channel to a party whose messages are noted while a run takes place. */
  channel(channel: Channel, other: number): Channel {
    return {
      send: (bytes) => {
        this.#message({ kind: 'sent', to: other, bytes: bytes.length });
        channel.send(bytes);
      },
      receive: async (byteLength) => {
        const bytes = await channel.receive(byteLength);
        this.#message({ kind: 'received', from: other, bytes: byteLength });
        return bytes;
      },
      flush: () => channel.flush?.(),
      close: () => channel.close(),
      transcript: channel.transcript,
    };
  }

  /** The span in which a run takes place. */
  span(name: string): TraceSpan {
    return this.begin(name, null, null);
  }

  begin(name: string, layer: number | null, within: number | null): TraceSpan {
    this.note({ kind: 'begin', name, layer, within });
    return new TraceSpan(this, this.#spans++);
  }

  job(name: string, isAhead: boolean, span: number): () => void {
    const job = this.#jobs++;
    this.note({ kind: 'job-begin', name, isAhead, span });
    return () => this.note({ kind: 'job-end', job, span });
  }

  note(event: Event): void {
    if (event.kind === 'end' && event.span === 0) this.#isOver = true;
    this.events.push({ ...event, ...now() });
  }

  #message(
    event:
      | { readonly kind: 'sent'; readonly to: number; readonly bytes: number }
      | { readonly kind: 'received'; readonly from: number; readonly bytes: number },
  ): void {
    if (this.#spans > 0 && !this.#isOver) this.note({ ...event, span: this.#openSpan() });
  }

  /** The outermost where what is open has another measurer. */
  #openSpan(): number {
    for (let span: Span | undefined = currentSpan(); span; span = span.beside)
      if (span instanceof TraceSpan && span.trace === this) return span.number;
    return 0;
  }
}
