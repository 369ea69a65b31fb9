/** The report's figures as Vega-Lite specifications. Every value that they show is also in a table or in the JSON files. */
import type { TopLevelSpec } from 'vega-lite';
import { scoreOf } from '../measure/run-result.js';
import { paretoFront } from '../sweep/pareto.js';
import type { Collected, Run } from './collect.js';

export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly spec: TopLevelSpec;
}

/** Colours that stay apart in print and for colour-blind readers: Okabe and Ito's, then some of Tol's. */
const palette = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#5b5b5b',
  '#b8a800',
  '#332288',
  '#882255',
  '#44aa99',
  '#000000',
];

/** A colour for every run, in the order of the sweep, with its whole name. */
const runColor = {
  field: 'run',
  type: 'nominal',
  title: null,
  sort: null,
  scale: { range: palette },
  legend: { labelLimit: 360 },
} as const;

const measuredRuns = ({ runs }: Collected) =>
  runs.flatMap((run) => (run.result ? [{ name: run.name, result: run.result, tokens: run.tokens }] : []));

/** The last part of a path is enough where it is unique. */
export function shortNames(runs: readonly { readonly name: string }[]): Map<string, string> {
  const last = (name: string): string => name.split('/').at(-1)!;
  const counts = new Map<string, number>();
  for (const { name } of runs) counts.set(last(name), (counts.get(last(name)) ?? 0) + 1);
  return new Map(runs.map(({ name }) => [name, counts.get(last(name)) === 1 ? last(name) : name]));
}

function paretoFigure(collected: Collected): Figure | null {
  const runs = measuredRuns(collected);
  if (runs.length === 0) return null;
  const names = shortNames(runs);
  const rows = runs.flatMap(({ name, result }) => {
    const run = names.get(name)!;
    const seconds = result.estimate.seconds.lan;
    const row = (measured: typeof result.float, how: string, cost: number) => ({
      run,
      how,
      seconds: cost,
      score: 100 * scoreOf(measured),
    });
    return [
      row(result.float, 'float', seconds),
      ...(result.fixedPoint ? [row(result.fixedPoint, 'fixed point', seconds)] : []),
    ];
  });
  const how = rows.some((row) => row.how === 'fixed point') ? 'fixed point' : 'float';
  const decisive = rows.filter((row) => row.how === how);
  const front = paretoFront(decisive.map(({ score, seconds }) => ({ score, cost: seconds })));
  const line = decisive.filter((_, i) => front[i]);
  const x = {
    field: 'seconds',
    type: 'quantitative',
    title: 'Estimated seconds a text (LAN)',
    scale: { zero: false, padding: 16 },
  } as const;
  const y = {
    field: 'score',
    type: 'quantitative',
    title: 'Score on the dev set, %',
    scale: { zero: false, padding: 16 },
  } as const;
  return {
    id: 'pareto',
    title: 'Accuracy against cost',
    caption: `Every run once or twice: in float and as the integers of private inference. The line is the Pareto front of the ${how} scores.`,
    spec: {
      data: { values: rows },
      layer: [
        {
          data: { values: line },
          mark: { type: 'line', color: '#999', strokeDash: [4, 3], interpolate: 'step-after' },
          encoding: { x, y },
        },
        {
          mark: { type: 'point', filled: true, size: 80, opacity: 0.9 },
          encoding: {
            x,
            y,
            color: runColor,
            shape: {
              field: 'how',
              type: 'nominal',
              title: null,
              scale: { domain: ['float', 'fixed point'], range: ['triangle-up', 'circle'] },
            },
          },
        },
      ],
    },
  };
}

function keptFigure(collected: Collected): Figure | null {
  const runs = measuredRuns(collected).filter(({ result, tokens }) => result.thresholds && tokens.length > 0);
  if (runs.length === 0) return null;
  const names = shortNames(runs);
  const rows = runs.flatMap(({ name, tokens }) =>
    tokens.flatMap(({ kept, tokens: all }) =>
      kept.map((count, layer) => ({ run: names.get(name)!, layer: layer + 1, share: count / all.length })),
    ),
  );
  const x = { field: 'layer', type: 'ordinal', title: 'Layer', axis: { labelAngle: 0 } } as const;
  const y = (aggregate: 'mean' | 'q1', title: string | null) =>
    ({
      field: 'share',
      type: 'quantitative',
      aggregate,
      title,
      scale: { domain: [0, 1] as number[] },
      axis: { format: '%' },
    }) as const;
  return {
    id: 'kept',
    title: 'Kept tokens per layer',
    caption:
      'Real tokens that leave each layer’s pruning, over the dev set: the mean, and the middle half of the sentences as a band. The last layer computes [CLS] alone in every model.',
    spec: {
      data: { values: rows },
      layer: [
        {
          mark: { type: 'area', opacity: 0.12 },
          encoding: {
            x,
            y: y('q1', 'Tokens kept'),
            y2: { field: 'share', aggregate: 'q3' },
            color: runColor,
          },
        },
        {
          mark: { type: 'line', point: true },
          encoding: { x, y: y('mean', 'Tokens kept'), color: runColor },
        },
      ],
    },
  };
}

function thresholdFigure(collected: Collected): Figure | null {
  const runs = measuredRuns(collected).filter(({ result }) => result.thresholds);
  if (runs.length === 0) return null;
  const names = shortNames(runs);
  const rows = runs.flatMap(({ name, result }) =>
    result.thresholds!.slice(0, -1).flatMap(({ prune, reduce }, layer) => [
      { run: names.get(name)!, layer: layer + 1, which: 'θ prune', value: prune },
      { run: names.get(name)!, layer: layer + 1, which: 'β reduce', value: reduce },
    ]),
  );
  return {
    id: 'thresholds',
    title: 'Learned thresholds',
    caption:
      'On n·S, the attention that a token receives, where 1 is what uniform attention gives. Tokens below θ leave; tokens at or above β keep the high-degree polynomials.',
    spec: {
      data: { values: rows },
      encoding: {
        x: { field: 'layer', type: 'ordinal', title: 'Layer', axis: { labelAngle: 0 } },
        y: { field: 'value', type: 'quantitative', title: 'Threshold on n·S' },
        color: runColor,
      },
      // Points apart from lines, or the legend of the dashes has no strokes.
      layer: [
        { mark: 'line', encoding: { strokeDash: { field: 'which', type: 'nominal', title: null } } },
        { mark: { type: 'point', filled: true }, encoding: { detail: { field: 'which', type: 'nominal' } } },
      ],
    },
  };
}

/** At most so many points a curve. */
function thinned<T>(points: readonly T[], most = 200): readonly T[] {
  const step = Math.ceil(points.length / most);
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

const phaseAxis = {
  field: 'time',
  type: 'quantitative',
  title: 'Phase',
  axis: {
    values: [0.5, 1.5, 2.5] as number[],
    labelExpr: "datum.value < 1 ? 'dense' : datum.value < 2 ? 'soft masks' : 'hard masks'",
    grid: false,
    ticks: false,
  },
} as const;

const phaseRules = {
  data: { values: [{ time: 1 }, { time: 2 }] as object[] },
  mark: { type: 'rule', color: '#bbb', strokeDash: [2, 2] as number[] },
  encoding: { x: phaseAxis },
} as const;

function curveFigure(
  runs: readonly Run[],
  options: Pick<Figure, 'id' | 'title' | 'caption'> & {
    readonly label: string;
    readonly pick: (run: Run) => readonly { readonly time: number; readonly value: number }[];
  },
): Figure | null {
  const { id, title, caption, label, pick } = options;
  const names = shortNames(runs);
  const rows = runs.flatMap((run) =>
    thinned(pick(run)).map((point) => ({ run: names.get(run.name)!, ...point })),
  );
  if (rows.length === 0) return null;
  return {
    id,
    title,
    caption,
    spec: {
      layer: [
        phaseRules,
        {
          data: { values: rows },
          mark: { type: 'line', strokeWidth: 1.5, point: rows.length < 60 },
          encoding: {
            x: phaseAxis,
            y: { field: 'value', type: 'quantitative', title: label, scale: { zero: false } },
            color: runColor,
          },
        },
      ],
    },
  };
}

/** None of them lies inside another. */
const FUNCTIONS = ['linear', 'matmul', 'softmax', 'gelu', 'layerNorm', 'prune', 'tanh'];

function costFigure(collected: Collected): Figure | null {
  const runs = measuredRuns(collected);
  if (runs.length === 0) return null;
  const names = shortNames(runs);
  const rows = runs.flatMap(({ name, result }) => {
    const of = (protocol: string) => result.estimate.protocols.find((p) => p.name === protocol)?.bytes ?? 0;
    const known = FUNCTIONS.map((protocol) => ({ protocol, bytes: of(protocol) }));
    const rest = result.estimate.bytes - known.reduce((sum, { bytes }) => sum + bytes, 0);
    return [...known, { protocol: 'other', bytes: Math.max(0, rest) }].map(({ protocol, bytes }) => ({
      run: names.get(name)!,
      protocol,
      megabytes: bytes / 1e6,
    }));
  });
  return {
    id: 'cost',
    title: 'Where the bytes go',
    caption:
      'Estimated traffic of one text, both directions, mean over texts of the dev set, by the function that causes it; each includes the correlated OTs that it uses up.',
    spec: {
      data: { values: rows },
      mark: 'bar',
      encoding: {
        y: { field: 'run', type: 'nominal', title: null, sort: null },
        x: { field: 'megabytes', type: 'quantitative', title: 'Megabytes a text' },
        color: {
          field: 'protocol',
          type: 'nominal',
          title: null,
          sort: [...FUNCTIONS, 'other'],
          scale: { domain: [...FUNCTIONS, 'other'], range: palette },
        },
        order: { field: 'protocol' },
      },
    },
  };
}

/** What there is data for. */
export function figuresOf(collected: Collected): Figure[] {
  const { runs } = collected;
  return [
    paretoFigure(collected),
    keptFigure(collected),
    thresholdFigure(collected),
    costFigure(collected),
    curveFigure(runs, {
      id: 'loss',
      title: 'Loss of the task',
      caption:
        'Training loss without the mask terms, through the three phases; settings of a sweep share the dense one.',
      label: 'Cross-entropy',
      pick: ({ steps }) => steps.map(({ time, taskLoss }) => ({ time, value: taskLoss })),
    }),
    curveFigure(runs, {
      id: 'score',
      title: 'Score during training',
      caption: 'On the dev set, in float, with the masks of the phase made hard.',
      label: 'Score, %',
      pick: ({ evaluations }) => evaluations.map(({ time, score }) => ({ time, value: 100 * score })),
    }),
  ].filter((figure) => figure !== null);
}
