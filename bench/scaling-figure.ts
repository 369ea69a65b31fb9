/**
 * The scaling figure as SVG: bytes (and seconds, if measured) against tokens, all axes logarithmic. Panels stand below
 * each other, so that a phone shows them at full width; lines differ in colour, dashes and marks, for print.
 */
import type { ScalingFigure, ScalingPoint, ScheduleKind } from './scaling.js';

const WIDTH = 420;
const HEIGHT = 320;
const MARGIN = { left: 64, right: 20, top: 36, bottom: 44 };

interface LineStyle {
  readonly name: string;
  readonly colour: string;
  readonly dashes: string;
  readonly mark: (x: number, y: number) => string;
}

const circle = (x: number, y: number) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3.5"/>`;
const square = (x: number, y: number) =>
  `<rect x="${(x - 3).toFixed(1)}" y="${(y - 3).toFixed(1)}" width="6" height="6"/>`;

const STYLES: Readonly<Record<ScheduleKind, LineStyle>> = {
  none: { name: 'not pruned', colour: '#c2255c', dashes: ' stroke-dasharray="6 3"', mark: square },
  paper: { name: 'pruned', colour: '#0b7285', dashes: '', mark: circle },
};

interface Panel {
  readonly title: string;
  readonly valueOf: (point: ScalingPoint) => number | null;
  readonly exponentOf: (schedule: ScheduleKind) => number | null;
}

const escaped = (text: string): string => text.replace(/[<>&]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Maps a logarithmic range onto a pixel range. */
const logScale =
  (low: number, high: number, from: number, to: number) =>
  (value: number): number =>
    from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low) || 1)) * (to - from);

/** 1, 2, 5 times powers of ten between low and high. */
function ticks(low: number, high: number): number[] {
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const digit of [1, 2, 5]) all.push(digit * 10 ** power);
  return all.filter((tick) => tick >= low && tick <= high);
}

const shortNumber = (value: number): string => String(Number(value.toPrecision(3)));

const textAt = (x: number, y: number, anchor: string, content: string, colour = '#333') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${escaped(content)}</text>`;

type Scale = (value: number) => number;

/** One schedule's line with its marks and, in row `row` of the legend, its exponent. */
function lineSvg(
  panel: Panel,
  points: readonly ScalingPoint[],
  kind: ScheduleKind,
  row: number,
  x: Scale,
  y: Scale,
) {
  const { name, colour, dashes, mark } = STYLES[kind];
  const at = points.flatMap((point) => {
    const value = panel.valueOf(point);
    return point.schedule !== kind || value === null ? [] : [[x(point.tokens), y(value)] as const];
  });
  const exponent = panel.exponentOf(kind);
  const label = exponent === null ? name : `${name}: tokens^${exponent.toFixed(2)}`;
  const [left, top] = [MARGIN.left + 10, MARGIN.top + 16 + 16 * row];
  const line = at.map((pair) => pair.map((value) => value.toFixed(1)).join(',')).join(' ');
  return [
    `<g fill="none" stroke="${colour}" stroke-width="2"${dashes}><polyline points="${line}"/><path d="M${left} ${top - 4}h24"/></g>`,
    `<g fill="${colour}">${at.map(([px, py]) => mark(px, py)).join('')}${mark(left + 12, top - 4)}</g>`,
    textAt(left + 32, top, 'start', label, colour),
  ].join('');
}

function panelSvg(panel: Panel, points: readonly ScalingPoint[], offset: number): string {
  const values = points.map(panel.valueOf).filter((value) => value !== null);
  const [low, high] = [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
  const lengths = [...new Set(points.map(({ tokens }) => tokens))].sort((a, b) => a - b);
  const x = logScale(lengths[0]!, lengths.at(-1)!, MARGIN.left, WIDTH - MARGIN.right);
  const y = logScale(low, high, HEIGHT - MARGIN.bottom, MARGIN.top);
  const grid = ticks(low, high).map((tick) => {
    const at = y(tick);
    return `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="#ddd"/>${textAt(MARGIN.left - 6, at + 4, 'end', shortNumber(tick))}`;
  });
  const columns = lengths.map((tokens) =>
    textAt(x(tokens), HEIGHT - MARGIN.bottom + 18, 'middle', String(tokens)),
  );
  const lines = (['none', 'paper'] as const).map((kind, row) => lineSvg(panel, points, kind, row, x, y));
  const titles = [
    textAt((MARGIN.left + WIDTH) / 2, 20, 'middle', panel.title),
    textAt((MARGIN.left + WIDTH) / 2, HEIGHT - 8, 'middle', 'tokens'),
  ];
  return `<g transform="translate(0 ${offset})">${[...grid, ...columns, ...lines, ...titles].join('')}</g>`;
}

export function scalingSvg({ model, cots, points, exponents }: ScalingFigure): string {
  const exponentsOf = (schedule: ScheduleKind) => exponents.find((fit) => fit.schedule === schedule);
  const panels: Panel[] = [
    {
      title: `${model}, ${cots}: megabytes, both directions`,
      valueOf: ({ bytes }) => bytes / 1e6,
      exponentOf: (schedule) => exponentsOf(schedule)?.bytes ?? null,
    },
  ];
  if (points.some(({ measured }) => measured))
    panels.push({
      title: `${model}, ${cots}: seconds on one machine`,
      valueOf: ({ measured }) => (measured ? measured.milliseconds / 1000 : null),
      exponentOf: (schedule) => exponentsOf(schedule)?.milliseconds ?? null,
    });
  const height = HEIGHT * panels.length;
  const body = panels.map((panel, index) => panelSvg(panel, points, HEIGHT * index)).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12"><rect width="${WIDTH}" height="${height}" fill="#fff"/>${body}</svg>\n`;
}
