import { describe, expect, it } from 'vitest';
import { partyTimeline } from '../../bench/timeline/party-timeline.js';
import { stepsOf, timelineOf } from '../../bench/timeline/timeline.js';
import { Trace, type TraceEvent } from '../../bench/trace.js';
import { span, threadJob, withSpan } from '../../inference/core/span.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { Meter } from '../../inference/session/meter.js';

type Timed<T> = T extends unknown ? Omit<T, 'at' | 'idle'> : never;

/** Events at [at, idle] each. */
const traceOf = (...events: readonly (readonly [number, number, Timed<TraceEvent>])[]): TraceEvent[] =>
  events.map(([at, idle, event]) => ({ ...event, at, idle }) as TraceEvent);

const begin = (name: string, within: number | null, layer: number | null = null) =>
  ({ kind: 'begin', name, layer, within }) as const;
const end = (number: number) => ({ kind: 'end', span: number }) as const;

/** A text of one linear layer: 10 ms of its own, 20 in a thread, 30 of waiting, 5 of its own. */
const server = traceOf(
  [100, 7, begin('text', null)],
  [101, 7, begin('layer0', 0, 0)],
  [101, 7, begin('attention', 1)],
  [101, 7, begin('linear', 2)],
  [111, 7, { kind: 'job-begin', name: 'evaluate', isAhead: false, span: 3 }],
  [131, 27, { kind: 'job-end', job: 0, span: 3 }],
  [131, 27, { kind: 'sent', to: 1, bytes: 9, span: 3 }],
  [131, 27, begin('cots', 3)],
  [161, 57, { kind: 'received', from: 1, bytes: 4, span: 4 }],
  [166, 57, end(4)],
  [166, 57, end(3)],
  [166, 57, end(2)],
  [166, 57, end(1)],
  [166, 57, end(0)],
);
const client = traceOf(
  [98, 0, begin('text', null)],
  [108, 0, begin('embedding', 0)],
  [108, 0, end(1)],
  [168, 60, end(0)],
);

describe("a party's timeline", () => {
  const timeline = partyTimeline(server, 98);

  it('tells computing, threads and waiting apart', () => {
    expect(timeline.stretches).toEqual([
      { activity: 'computing', span: 0, begin: 2, end: 3 },
      { activity: 'computing', span: 3, begin: 3, end: 13 },
      { activity: 'threads', span: 3, begin: 13, end: 33 },
      { activity: 'waiting', span: 4, begin: 33, end: 63 },
      { activity: 'computing', span: 4, begin: 63, end: 68 },
    ]);
    expect(timeline.jobs).toEqual([{ name: 'evaluate', isAhead: false, span: 3, begin: 13, end: 33 }]);
    expect(timeline.spans[3]).toEqual({ name: 'linear', layer: null, within: 2, begin: 3, end: 68 });
    expect([timeline.sentBytes, timeline.receivedBytes]).toEqual([9, 4]);
  });

  it('names the function of each span, refills apart', () => {
    expect(stepsOf(timeline)).toEqual(['text', 'between functions', 'attention', 'linear', 'cots']);
  });
});

describe('timelines of both parties', () => {
  it('stand on one clock and say who was busy together', () => {
    const { milliseconds, busy, parties } = timelineOf({ server, client });
    expect(milliseconds).toBe(70);
    expect(busy).toEqual([
      { parties: [], milliseconds: 32 },
      { parties: ['server'], milliseconds: 28 },
      { parties: ['server', 'client'], milliseconds: 8 },
      { parties: ['client'], milliseconds: 2 },
    ]);
    expect(parties.server!.total).toEqual({ computing: 16, threads: 20, waiting: 30 });
    expect(parties.server!.steps[0]).toEqual({ step: 'cots', computing: 5, threads: 0, waiting: 30 });
    expect(parties.client!.total).toEqual({ computing: 10, threads: 0, waiting: 60 });
  });
});

describe('a party whose threads work ahead of need', () => {
  it('is busy, though it waits', () => {
    const ahead = traceOf(
      [98, 0, begin('text', null)],
      [98, 0, { kind: 'job-begin', name: 'half a', isAhead: true, span: 0 }],
      [128, 30, { kind: 'job-end', job: 0, span: 0 }],
      [168, 70, end(0)],
    );
    const { busy, parties } = timelineOf({ server: ahead, client });
    expect(parties.server!.total).toEqual({ computing: 0, threads: 0, waiting: 70 });
    expect(busy).toEqual([
      { parties: [], milliseconds: 40 },
      { parties: ['server'], milliseconds: 20 },
      { parties: ['server', 'client'], milliseconds: 10 },
    ]);
  });
});

describe('a trace', () => {
  it('notes spans, threads and messages beside a meter, each in its span', async () => {
    const [near, far] = memoryChannelPair();
    const trace = new Trace();
    const line = trace.channel(near, 1);
    line.send(Uint8Array.of(0)); // before the run
    const meter = new Meter(undefined, undefined, trace.span('text'));
    await withSpan(meter.span, () =>
      span('linear', async () => {
        far.send(Uint8Array.of(1, 2));
        await line.receive(2);
        await threadJob('encrypt', new Promise((resolve) => setTimeout(resolve, 20)));
      }),
    );
    meter.finish();
    line.send(Uint8Array.of(0)); // after it
    expect(trace.events.map(({ at, idle, ...event }) => event)).toEqual([
      { kind: 'begin', name: 'text', layer: null, within: null },
      { kind: 'begin', name: 'linear', layer: null, within: 0 },
      { kind: 'received', from: 1, bytes: 2, span: 1 },
      { kind: 'job-begin', name: 'encrypt', isAhead: false, span: 1 },
      { kind: 'job-end', job: 0, span: 1 },
      { kind: 'end', span: 1 },
      { kind: 'end', span: 0 },
    ]);
    // Both clocks run forward; how much of the job is idle time depends on what else the machine does.
    const clocks = trace.events.flatMap((event, i) => {
      const before = trace.events[i - 1] ?? event;
      return [event.at - before.at, event.idle - before.idle];
    });
    expect(clocks.filter((passed) => !(passed >= 0))).toEqual([]);
    const job = trace.events.filter(({ kind }) => kind === 'job-begin' || kind === 'job-end');
    expect(job[1]!.at - job[0]!.at).toBeGreaterThan(10);
  });
});
