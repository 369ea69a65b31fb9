/**
 * A party's trace as stretches of time: it computes on its first thread, only its kernels' threads work, or it waits for its peer.
 * What it was busy with until an event belongs to the span of that event; a wait belongs to the span that received what ended it.
 */
import type { TraceEvent } from '../trace.js';

/** Busiest first. */
export const ACTIVITIES = ['computing', 'threads', 'waiting'] as const;
export type Activity = (typeof ACTIVITIES)[number];

/** All times are milliseconds since the beginning. */
interface Interval {
  readonly begin: number;
  readonly end: number;
}

export interface TimelineSpan extends Interval {
  readonly name: string;
  readonly layer: number | null;
  /** Number of the span around it; null for the outermost, which is the first. */
  readonly within: number | null;
}

export interface Stretch extends Interval {
  readonly activity: Activity;
  readonly span: number;
}

/** A kernel in a thread of its own. */
export interface Job extends Interval {
  readonly name: string;
  /** Ahead of need: the party does not wait for it. */
  readonly isAhead: boolean;
  readonly span: number;
}

export interface PartyTimeline {
  readonly spans: readonly TimelineSpan[];
  /** One after another, without gaps. */
  readonly stretches: readonly Stretch[];
  readonly jobs: readonly Job[];
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

const DECIMALS = 1e3;
const rounded = (milliseconds: number): number => Math.round(milliseconds * DECIMALS) / DECIMALS;

type Open<T extends Interval> = { -readonly [Key in keyof T]: T[Key] };

class Builder {
  readonly spans: Open<TimelineSpan>[] = [];
  readonly stretches: Open<Stretch>[] = [];
  readonly jobs: Open<Job>[] = [];
  sentBytes = 0;
  receivedBytes = 0;
  #awaited = 0;

  constructor(private readonly zero: number) {}

  /** The stretch between two events, in the order in which it was spent. */
  between(before: TraceEvent, after: TraceEvent): void {
    const idle = Math.min(after.idle - before.idle, after.at - before.at);
    const span = spanOf(after);
    const middle = after.at - idle;
    this.#stretch('computing', span, before.at, middle);
    this.#stretch(this.#awaited > 0 ? 'threads' : 'waiting', span, middle, after.at);
  }

  apply(event: TraceEvent): void {
    const begin = rounded(event.at - this.zero);
    const interval = { begin, end: begin };
    if (event.kind === 'begin')
      this.spans.push({ name: event.name, layer: event.layer, within: event.within, ...interval });
    else if (event.kind === 'end') this.spans[event.span]!.end = begin;
    else if (event.kind === 'job-begin') {
      const { name, isAhead, span } = event;
      this.jobs.push({ name, isAhead, span, ...interval });
      if (!isAhead) this.#awaited++;
    } else if (event.kind === 'job-end') {
      const job = this.jobs[event.job]!;
      job.end = begin;
      if (!job.isAhead) this.#awaited--;
    } else if (event.kind === 'sent') this.sentBytes += event.bytes;
    else this.receivedBytes += event.bytes;
  }

  #stretch(activity: Activity, span: number, from: number, to: number): void {
    const [begin, end] = [rounded(from - this.zero), rounded(to - this.zero)];
    const last = this.stretches.at(-1);
    if (last && last.activity === activity && last.span === span) last.end = end;
    else if (end > begin) this.stretches.push({ activity, span, begin, end });
  }
}

/** What was done until a span begins is work of the one around it. */
const spanOf = (event: TraceEvent): number => (event.kind === 'begin' ? (event.within ?? 0) : event.span);

/** `zero`: when all began. */
export function partyTimeline(events: readonly TraceEvent[], zero: number): PartyTimeline {
  const builder = new Builder(zero);
  events.forEach((event, index) => {
    if (index > 0) builder.between(events[index - 1]!, event);
    builder.apply(event);
  });
  const { spans, stretches, jobs, sentBytes, receivedBytes } = builder;
  return { spans, stretches, jobs, sentBytes, receivedBytes };
}
