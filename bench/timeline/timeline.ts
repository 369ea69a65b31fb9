/** Parties' timelines on one clock, and what they say: who computes while who waits, and in which function. */
import type { TraceEvent } from '../trace.js';
import { ACTIVITIES, type Activity, type PartyTimeline, partyTimeline } from './party-timeline.js';

type Milliseconds = Readonly<Record<Activity, number>>;

/** What a party did during a step: a function of the model, or correlated OTs made anew, wherever they were needed. */
export interface StepTimes extends Milliseconds {
  readonly step: string;
}

export interface PartyFigure extends PartyTimeline {
  readonly steps: readonly StepTimes[];
  readonly total: Milliseconds;
}

export interface Timeline {
  readonly milliseconds: number;
  /** Of them, by who was busy (computing, or its threads, ahead of need too). Both is what overlaps; nobody: messages are on their way. */
  readonly busy: readonly { readonly parties: readonly string[]; readonly milliseconds: number }[];
  readonly parties: Readonly<Record<string, PartyFigure>>;
}

/** Spans that only hold functions: what they do themselves is theirs. */
const WHOLES = new Set(['attention', 'feedForward', 'classifier']);
/** Whichever function needs them. */
const REFILLS = 'cots';

/** The step that each span belongs to. */
export function stepsOf({ spans }: Pick<PartyTimeline, 'spans'>): string[] {
  const steps: string[] = [];
  for (const { name, layer, within } of spans) {
    const around = within === null ? undefined : spans[within]!;
    const isOwnStep = !around || around.within === null || around.layer !== null || WHOLES.has(around.name);
    if (name === REFILLS || isOwnStep) steps.push(layer === null ? name : 'between functions');
    else steps.push(steps[within!]!);
  }
  return steps;
}

const noTime = (): Record<Activity, number> => ({ computing: 0, threads: 0, waiting: 0 });

function figureOf(timeline: PartyTimeline): PartyFigure {
  const stepOfSpan = stepsOf(timeline);
  const steps = new Map<string, Record<Activity, number>>();
  const total = noTime();
  for (const { activity, span, begin, end } of timeline.stretches) {
    const step = stepOfSpan[span]!;
    const times = steps.get(step) ?? noTime();
    steps.set(step, times);
    times[activity] += end - begin;
    total[activity] += end - begin;
  }
  const sum = (times: Milliseconds): number => ACTIVITIES.reduce((all, activity) => all + times[activity], 0);
  const longestFirst = [...steps].sort(([, a], [, b]) => sum(b) - sum(a));
  return { ...timeline, steps: longestFirst.map(([step, times]) => ({ step, ...times })), total };
}

/** For how long each set of parties was busy at once. */
function busyTogether(
  parties: Readonly<Record<string, PartyTimeline>>,
  milliseconds: number,
): Timeline['busy'] {
  const names = Object.keys(parties);
  const changes = names.flatMap((name) => {
    const { stretches, jobs } = parties[name]!;
    // What threads make ahead of need keeps a processor busy while the party waits.
    const busy = [...stretches.filter(({ activity }) => activity !== 'waiting'), ...jobs];
    return busy.flatMap(({ begin, end }) => [
      { at: begin, name, by: 1 },
      { at: end, name, by: -1 },
    ]);
  });
  changes.sort((a, b) => a.at - b.at);
  const depth = new Map(names.map((name) => [name, 0]));
  const times = new Map<string, number>();
  let last = 0;
  for (const { at, name, by } of [...changes, { at: milliseconds, name: names[0]!, by: 0 }]) {
    const key = names.filter((one) => depth.get(one)! > 0).join();
    times.set(key, (times.get(key) ?? 0) + at - last);
    depth.set(name, depth.get(name)! + by);
    last = at;
  }
  return [...times]
    .filter(([, time]) => time > 0)
    .map(([key, time]) => ({ parties: key === '' ? [] : key.split(','), milliseconds: time }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Of what each party noted, by name, during one run. */
export function timelineOf(traces: Readonly<Record<string, readonly TraceEvent[]>>): Timeline {
  const zero = Math.min(...Object.values(traces).map((events) => events[0]!.at));
  const timelines = Object.entries(traces).map(
    ([name, events]) => [name, partyTimeline(events, zero)] as const,
  );
  const milliseconds = Math.max(...timelines.map(([, { spans }]) => spans[0]!.end));
  return {
    milliseconds,
    busy: busyTogether(Object.fromEntries(timelines), milliseconds),
    parties: Object.fromEntries(timelines.map(([name, timeline]) => [name, figureOf(timeline)])),
  };
}
