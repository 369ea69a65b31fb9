/** The charts of `bench scaling`: seconds, megabytes and round trips against tokens, all axes logarithmic. */
import type { TopLevelSpec } from 'vega-lite';
import { LINE_LEGEND } from '../report/looks.js';
import type { ScalingFigure } from './fit.js';
import type { ScalingPoint } from './point.js';

export interface Chart {
  readonly id: string;
  readonly spec: TopLevelSpec;
}

type Row = ReturnType<typeof rowOf>;

/** A text's share of a run: texts of a batch wait for all its rounds together. */
const rowOf = ({
  tokens,
  schedule,
  network,
  batch,
  cores,
  bytes,
  rounds,
  seconds,
  measured,
}: ScalingPoint) => ({
  tokens,
  network: measured ? network : `${network} (model)`,
  line: `${schedule === 'none' ? 'not pruned' : 'pruned'}, batch ${batch}, ${cores === 1 ? 'one core' : `${cores} cores`}`,
  seconds: seconds / batch,
  megabytes: bytes / batch / 1e6,
  rounds,
});

const VALUES = [
  { id: 'scaling-seconds', field: 'seconds', title: 'Seconds a text' },
  { id: 'scaling-megabytes', field: 'megabytes', title: 'Megabytes a text, both directions' },
  { id: 'scaling-rounds', field: 'rounds', title: 'Round trips of a run' },
] as const;

/** Pieces of lines: networks have the colours. */
const DASHES = { ...LINE_LEGEND, symbolStrokeColor: '#333' } as const;

function chart(model: string, rows: readonly Row[], { id, field, title }: (typeof VALUES)[number]): Chart {
  const lengths = [...new Set(rows.map(({ tokens }) => tokens))].sort((a, b) => a - b);
  const logarithmic = { type: 'log', nice: false } as const;
  return {
    id,
    spec: {
      title: `${model}: ${title.toLowerCase()}`,
      data: { values: [...rows] },
      encoding: {
        x: {
          field: 'tokens',
          type: 'quantitative',
          title: 'Tokens',
          scale: { ...logarithmic, base: 2 },
          axis: { values: lengths, format: 'd' },
        },
        y: { field, type: 'quantitative', title, scale: logarithmic, axis: { format: '~g' } },
        color: { field: 'network', type: 'nominal', title: 'Network', sort: null },
        detail: [{ field: 'line' }],
      },
      layer: [
        {
          mark: 'line',
          encoding: {
            strokeDash: { field: 'line', type: 'nominal', title: null, sort: null, legend: DASHES },
          },
        },
        { mark: { type: 'point', filled: true, size: 45 } },
      ],
    },
  };
}

export function scalingCharts({ model, points }: ScalingFigure): Chart[] {
  const rows = points.map(rowOf);
  return VALUES.map((value) => chart(model, rows, value));
}
