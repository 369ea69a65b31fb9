/** The report's figures as Vega-Lite specifications. Every value that they show is also in a table or in the JSON files. */
import type { TopLevelSpec } from 'vega-lite';
import { withoutLastLayer } from '../../model/thresholds.js';
import { type Measured, type RunResult, scoreOf } from '../measure/run-result.js';
import { paretoFront } from '../sweep/pareto.js';
import { byFunction, FUNCTION_NAMES } from './by-function.js';
import type { Run } from './collect.js';
import { FUNCTION_COLORS, LINE_LEGEND, type Looks, type TaskRuns } from './looks.js';

export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly spec: TopLevelSpec;
}

/** Runs of one task, and how each of them looks everywhere. */
export interface Drawn extends TaskRuns {
  readonly looks: Looks;
}

/** Colour and dash of the runs of a figure, by their names there. */
function runScales({ runs, looks }: Drawn, drawn: readonly { readonly run: string }[]) {
  const names = new Set(drawn.map(({ run }) => run));
  const own = runs.map(({ name }) => looks.get(name)!).filter(({ name }) => names.has(name));
  const domain = own.map(({ name }) => name);
  const legend = LINE_LEGEND;
  const nominal = { field: 'run', type: 'nominal', title: null, sort: null } as const;
  return {
    color: { ...nominal, legend, scale: { domain, range: own.map(({ color }) => color) } },
    strokeDash: {
      ...nominal,
      legend,
      scale: { domain, range: own.map(({ dash }) => (dash.length === 0 ? [1, 0] : [...dash])) },
    },
  } as const;
}

const measuredRuns = ({ runs, looks }: Drawn) =>
  runs.flatMap((run) =>
    run.result ? [{ name: looks.get(run.name)!.name, result: run.result, tokens: run.tokens }] : [],
  );

/** What a text costs, in the ways that matter to different readers. */
const COSTS = [
  { id: 'pareto', unit: 'Estimated seconds a text (LAN)', of: 'LAN', pick: (e: Estimate) => e.seconds.lan },
  {
    id: 'pareto-wan',
    unit: 'Estimated seconds a text (WAN)',
    of: 'WAN',
    pick: (e: Estimate) => e.seconds.wan,
  },
  { id: 'pareto-traffic', unit: 'Megabytes a text', of: 'traffic', pick: (e: Estimate) => e.bytes / 1e6 },
] as const;
type Estimate = RunResult['estimate'];
type CostView = (typeof COSTS)[number];

/** A point of a run: its score with the interval that the number of examples leaves. */
function scoreRow(run: string, how: string, measured: Measured, cost: number) {
  const [low, high] = measured.interval ?? [scoreOf(measured), scoreOf(measured)];
  return { run, how, cost, score: 100 * scoreOf(measured), low: 100 * low, high: 100 * high };
}

function paretoFigure(drawn: Drawn, { id, unit, of, pick }: CostView): Figure | null {
  const runs = measuredRuns(drawn);
  if (runs.length === 0) return null;
  const rows = runs.flatMap(({ name, result }) => {
    const cost = pick(result.estimate);
    return [
      scoreRow(name, 'float', result.float, cost),
      ...(result.fixedPoint ? [scoreRow(name, 'fixed point', result.fixedPoint, cost)] : []),
    ];
  });
  const how = rows.some((row) => row.how === 'fixed point') ? 'fixed point' : 'float';
  const decisive = rows.filter((row) => row.how === how);
  const front = paretoFront(decisive);
  const line = decisive.filter((_, i) => front[i]);
  const scale = { zero: false, padding: 16 } as const;
  const x = { field: 'cost', type: 'quantitative', title: unit, scale } as const;
  const y = { field: 'score', type: 'quantitative', title: 'Score on the dev set, %', scale } as const;
  const color = { ...runScales(drawn, rows).color, legend: { labelLimit: 0 } };
  return {
    id,
    title: `Accuracy against cost: ${of}`,
    caption: `Every run once or twice: in float and as the integers of private inference, with the 95% interval that the number of examples leaves. The line is the Pareto front of the ${how} scores.`,
    spec: {
      data: { values: rows },
      layer: [
        {
          data: { values: line },
          mark: { type: 'line', color: '#999', strokeDash: [4, 3], interpolate: 'step-after' },
          encoding: { x, y },
        },
        {
          mark: { type: 'rule', opacity: 0.45 },
          encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
        },
        {
          mark: { type: 'point', filled: true, size: 80, opacity: 0.9 },
          encoding: {
            x,
            y,
            color,
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

function keptFigure(drawn: Drawn): Figure | null {
  const runs = measuredRuns(drawn).filter(({ result, tokens }) => result.thresholds && tokens.length > 0);
  if (runs.length === 0) return null;
  const rows = runs.flatMap(({ name, tokens }) =>
    tokens.flatMap(({ kept, tokens: all }) =>
      kept.map((count, layer) => ({ run: name, layer: layer + 1, share: count / all.length })),
    ),
  );
  const { color, strokeDash } = runScales(drawn, rows);
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
            color,
          },
        },
        {
          mark: { type: 'line' },
          encoding: { x, y: y('mean', 'Tokens kept'), color, strokeDash },
        },
        { mark: { type: 'point', filled: true }, encoding: { x, y: y('mean', 'Tokens kept'), color } },
      ],
    },
  };
}

function thresholdFigure(drawn: Drawn): Figure | null {
  const runs = measuredRuns(drawn).filter(({ result }) => result.thresholds);
  if (runs.length === 0) return null;
  const rows = runs.flatMap(({ name, result }) =>
    withoutLastLayer(result.thresholds!).flatMap(({ prune, reduce }, layer) => [
      { run: name, layer: layer + 1, which: 'θ prune', value: prune },
      { run: name, layer: layer + 1, which: 'β reduce', value: reduce },
    ]),
  );
  const { color, strokeDash } = runScales(drawn, rows);
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
        color,
      },
      layer: [
        { mark: 'line', encoding: { strokeDash, detail: { field: 'which', type: 'nominal' } } },
        {
          mark: { type: 'point', filled: true, size: 50 },
          encoding: { shape: { field: 'which', type: 'nominal', title: null } },
        },
      ],
    },
  };
}

/** At most so many points a curve, and so many that can be pointed at. */
const CURVE_POINTS = 200;
const HOVER_POINTS = 25;
/** Points of all curves that are shown as such. */
const SHOWN_POINTS = 60;

function thinned<T>(points: readonly T[], most: number): readonly T[] {
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
  drawn: Drawn,
  options: Pick<Figure, 'id' | 'title' | 'caption'> & {
    readonly label: string;
    readonly pick: (run: Run) => readonly { readonly time: number; readonly value: number }[];
  },
): Figure | null {
  const { id, title, caption, label, pick } = options;
  const rowsOf = (most: number) =>
    drawn.runs.flatMap((run) =>
      thinned(pick(run), most).map((point) => ({ run: drawn.looks.get(run.name)!.name, ...point })),
    );
  const rows = rowsOf(CURVE_POINTS);
  const { color, strokeDash } = runScales(drawn, rows);
  const y = { field: 'value', type: 'quantitative', title: label, scale: { zero: false } } as const;
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
          mark: { type: 'line', strokeWidth: 1.5 },
          encoding: { x: phaseAxis, y, color, strokeDash },
        },
        {
          // Few points are shown, many only tell their values where a pointer is.
          data: { values: rowsOf(HOVER_POINTS) },
          mark: { type: 'point', filled: true, opacity: rows.length < SHOWN_POINTS ? 1 : 0 },
          encoding: { x: phaseAxis, y, color },
        },
      ],
    },
  };
}

function costFigure(drawn: Drawn): Figure | null {
  const runs = measuredRuns(drawn);
  if (runs.length === 0) return null;
  const rows = runs.flatMap(({ name: run, result }) =>
    byFunction(result.estimate, ({ bytes }) => bytes).map(({ name, value }, place) => ({
      run,
      protocol: name,
      place,
      megabytes: value / 1e6,
    })),
  );
  return {
    id: 'cost',
    title: 'Where the bytes go',
    caption:
      'Estimated traffic of one text, both directions, mean over texts of the dev set, by the function that causes it; each includes the correlated OTs that it uses up.',
    spec: {
      data: { values: rows },
      mark: 'bar',
      encoding: {
        y: { field: 'run', type: 'nominal', title: null, sort: null, axis: { labelLimit: 0 } },
        x: { field: 'megabytes', type: 'quantitative', title: 'Megabytes a text' },
        color: {
          field: 'protocol',
          type: 'nominal',
          title: null,
          sort: [...FUNCTION_NAMES],
          scale: { domain: [...FUNCTION_NAMES], scheme: FUNCTION_COLORS },
        },
        order: { field: 'place' },
      },
    },
  };
}

/** What there is data for, of the runs of one task. */
export function figuresOf(drawn: Drawn): Figure[] {
  return [
    ...COSTS.map((view) => paretoFigure(drawn, view)),
    keptFigure(drawn),
    thresholdFigure(drawn),
    costFigure(drawn),
    curveFigure(drawn, {
      id: 'loss',
      title: 'Loss of the task',
      caption:
        'Training loss without the mask terms, through the phases; settings of a sweep share the dense one.',
      label: 'Loss',
      pick: ({ steps }) => steps.map(({ time, taskLoss }) => ({ time, value: taskLoss })),
    }),
    curveFigure(drawn, {
      id: 'score',
      title: 'Score during training',
      caption: 'On the dev set, in float, with the masks of the phase made hard.',
      label: 'Score, %',
      pick: ({ evaluations }) => evaluations.map(({ time, score }) => ({ time, value: 100 * score })),
    }),
  ].filter((figure) => figure !== null);
}
