/** The two kinds of charts that the paper has, as Vega-Lite specifications. */
import type { Figure } from '../report/figures.js';
import { FUNCTION_COLORS, LINE_LEGEND, lookAt } from '../report/looks.js';

interface Words {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
}

export interface Bars extends Words {
  readonly unit: string;
  /** Parts of a bar, in their order. */
  readonly names: readonly string[];
  readonly bars: readonly { readonly bar: string; readonly part: string; readonly value: number }[];
}

export const stackedBars = ({ id, title, caption, unit, names, bars }: Bars): Figure => ({
  id,
  title,
  caption,
  spec: {
    data: { values: bars.map((bar) => ({ ...bar, place: names.indexOf(bar.part) })) },
    mark: 'bar',
    encoding: {
      y: { field: 'bar', type: 'nominal', title: null, sort: null, axis: { labelLimit: 0 } },
      x: { field: 'value', type: 'quantitative', title: unit },
      color: {
        field: 'part',
        type: 'nominal',
        title: null,
        sort: [...names],
        scale: { domain: [...names], scheme: FUNCTION_COLORS },
      },
      order: { field: 'place' },
    },
  },
});

export interface Lines extends Words {
  readonly x: string;
  readonly y: string;
  readonly points: readonly { readonly line: string; readonly x: number; readonly y: number }[];
}

/** Both axes logarithmic: a power law is a straight line. */
export function logLines({ id, title, caption, x, y, points }: Lines): Figure {
  const names = [...new Set(points.map(({ line }) => line))];
  const looks = names.map((_, index) => lookAt(index));
  const nominal = { field: 'line', type: 'nominal', title: null, sort: null } as const;
  const lengths = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const scale = { type: 'log', nice: false } as const;
  const at = {
    x: {
      field: 'x',
      type: 'quantitative',
      title: x,
      scale: { ...scale, base: 2, padding: 12 },
      axis: { values: lengths, format: 'd' },
    },
    y: { field: 'y', type: 'quantitative', title: y, scale: { ...scale, padding: 8 } },
  } as const;
  const color = {
    ...nominal,
    legend: LINE_LEGEND,
    scale: { domain: names, range: looks.map((look) => look.color) },
  };
  const strokeDash = {
    ...nominal,
    legend: LINE_LEGEND,
    scale: {
      domain: names,
      range: looks.map(({ dash }) => (dash.length === 0 ? [1, 0] : [...dash])),
    },
  };
  return {
    id,
    title,
    caption,
    spec: {
      data: { values: [...points] },
      layer: [
        { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { ...at, color, strokeDash } },
        { mark: { type: 'point', filled: true, size: 30 }, encoding: { ...at, color } },
      ],
    },
  };
}
