/** The chart of `bench inference --timeline`: what each party did when, above each other on one axis. */
import type { TopLevelSpec } from 'vega-lite';
import type { Activity, PartyTimeline } from '../../bench/timeline/party-timeline.js';
import { stepsOf, type Timeline } from '../../bench/timeline/timeline.js';
import { lookAt } from '../report/looks.js';

/** A mark. */
export interface Bar {
  readonly lane: string;
  readonly what: string;
  readonly begin: number;
  readonly end: number;
}

interface Piece {
  readonly begin: number;
  readonly end: number;
  readonly what: string;
}

const NAMES: Readonly<Record<Activity, string>> = {
  computing: 'computes',
  threads: 'kernels in threads',
  waiting: 'waits for the peer',
};
const COLORS: Readonly<Record<string, string>> = {
  [NAMES.computing]: '#2a2a2a',
  [NAMES.threads]: '#7a7a7a',
  [NAMES.waiting]: '#f4d9d0',
};

/** What filled most of each slot, neighbours that are alike as one bar: marks that are narrower than a pixel show nothing. */
function bars(lane: string, pieces: readonly Piece[], slot: number): Bar[] {
  const merged: { lane: string; what: string; begin: number; end: number }[] = [];
  const shares = new Map<number, Map<string, number>>();
  for (const { begin, end, what } of pieces)
    for (let at = Math.floor(begin / slot); at * slot < end; at++) {
      const share = Math.min(end, (at + 1) * slot) - Math.max(begin, at * slot);
      const inSlot = shares.get(at) ?? new Map<string, number>();
      shares.set(at, inSlot.set(what, (inSlot.get(what) ?? 0) + share));
    }
  for (const [at, inSlot] of [...shares].sort(([a], [b]) => a - b)) {
    const [what] = [...inSlot].reduce((most, one) => (one[1] > most[1] ? one : most));
    const last = merged.at(-1);
    if (last && last.what === what && Math.round(last.end / slot) === at) last.end = (at + 1) * slot;
    else merged.push({ lane, what, begin: at * slot, end: (at + 1) * slot });
  }
  return merged;
}

/** Three lanes: what it did, in which function, and what its kernels' threads worked on. */
function barsOf(party: string, timeline: PartyTimeline, slot: number): Bar[] {
  const steps = stepsOf(timeline);
  const activities = timeline.stretches.map((stretch) => ({ ...stretch, what: NAMES[stretch.activity] }));
  const functions = timeline.stretches.map((stretch) => ({ ...stretch, what: steps[stretch.span]! }));
  const jobs = timeline.jobs.map((job) => ({ ...job, what: job.name }));
  return [
    ...bars(party, activities, slot),
    ...bars(`${party}: function`, functions, slot),
    ...bars(`${party}: threads`, jobs, slot),
  ];
}

/** Layers as they are at the first party. */
const layerBars = ({ spans }: PartyTimeline): Bar[] =>
  spans.flatMap(({ layer, begin, end }) =>
    layer === null ? [] : [{ lane: 'layer', what: `layer ${layer % 2 === 0 ? 'even' : 'odd'}`, begin, end }],
  );

/** `slots`: of the whole time, at least one a pixel. */
export function timelineBars({ milliseconds, parties }: Timeline, slots: number): Bar[] {
  const each = Object.entries(parties);
  return [
    ...layerBars(each[0]![1]),
    ...each.flatMap(([party, timeline]) => barsOf(party, timeline, milliseconds / slots)),
  ];
}

const colorsOf = (names: readonly string[]): string[] => {
  let next = 0;
  return names.map((name) => COLORS[name] ?? lookAt(next++).color);
};

export function timelineChart(title: string, all: readonly Bar[]): TopLevelSpec {
  const names = [...new Set(all.map(({ what }) => what))];
  const kinds = [...Object.values(NAMES), ...names.filter((name) => !(name in COLORS))];
  return {
    title,
    data: { values: [...all] },
    mark: { type: 'bar', height: { band: 0.8 } },
    encoding: {
      x: { field: 'begin', type: 'quantitative', title: 'Milliseconds', scale: { nice: false } },
      x2: { field: 'end' },
      y: { field: 'lane', type: 'nominal', title: null, sort: null },
      color: {
        field: 'what',
        type: 'nominal',
        title: null,
        scale: { domain: kinds, range: colorsOf(kinds) },
      },
    },
  };
}
