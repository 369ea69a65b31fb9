/** The scaling figure as SVG: bytes (and seconds, if measured) against tokens, both axes logarithmic. */
import type { ScalingFigure, ScalingPoint, ScheduleKind } from './scaling.js';

const WIDTH = 420;
const HEIGHT = 320;
const MARGIN = { left: 64, right: 20, top: 36, bottom: 44 };
const COLOURS: Readonly<Record<ScheduleKind, string>> = { paper: '#0b7285', none: '#c2255c' };
const NAMES: Readonly<Record<ScheduleKind, string>> = { paper: 'pruned', none: 'not pruned' };

interface Panel {
  readonly title: string;
  readonly valueOf: (point: ScalingPoint) => number;
  readonly exponentOf: (schedule: ScheduleKind) => number;
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

function panelSvg(panel: Panel, points: readonly ScalingPoint[], offset: number): string {
  const values = points.map(panel.valueOf);
  const [low, high] = [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
  const lengths = [...new Set(points.map(({ tokens }) => tokens))].sort((a, b) => a - b);
  const x = logScale(lengths[0]!, lengths.at(-1)!, MARGIN.left, WIDTH - MARGIN.right);
  const y = logScale(low, high, HEIGHT - MARGIN.bottom, MARGIN.top);
  const text = (at: readonly [number, number], anchor: string, content: string, colour = '#333') =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${escaped(content)}</text>`;
  const grid = ticks(low, high).map((tick) => {
    const at = y(tick);
    return `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="#ddd"/>${text([MARGIN.left - 6, at + 4], 'end', shortNumber(tick))}`;
  });
  const columns = lengths.map((tokens) =>
    text([x(tokens), HEIGHT - MARGIN.bottom + 18], 'middle', String(tokens)),
  );
  const lines = (['none', 'paper'] as const).map((schedule, row) => {
    const own = points.filter((point) => point.schedule === schedule);
    const at = own.map((point) => `${x(point.tokens).toFixed(1)},${y(panel.valueOf(point)).toFixed(1)}`);
    const dots = at.map(
      (pair) =>
        `<circle cx="${pair.split(',')[0]}" cy="${pair.split(',')[1]}" r="3" fill="${COLOURS[schedule]}"/>`,
    );
    const label = `${NAMES[schedule]}: tokens^${panel.exponentOf(schedule).toFixed(2)}`;
    return `<polyline points="${at.join(' ')}" fill="none" stroke="${COLOURS[schedule]}" stroke-width="2"/>${dots.join('')}${text([MARGIN.left + 10, MARGIN.top + 16 + 16 * row], 'start', label, COLOURS[schedule])}`;
  });
  const titles = [
    text([(MARGIN.left + WIDTH) / 2, 20], 'middle', panel.title),
    text([(MARGIN.left + WIDTH) / 2, HEIGHT - 8], 'middle', 'tokens'),
  ];
  return `<g transform="translate(${offset} 0)">${[...grid, ...columns, ...lines, ...titles].join('')}</g>`;
}

export function scalingSvg({ model, points, exponents }: ScalingFigure): string {
  const exponentOf = (schedule: ScheduleKind) => exponents.find((fit) => fit.schedule === schedule)!;
  const panels: Panel[] = [
    {
      title: `${model}: megabytes, both directions`,
      valueOf: ({ bytes }) => bytes / 1e6,
      exponentOf: (schedule) => exponentOf(schedule).bytes,
    },
  ];
  if (points.every(({ milliseconds }) => milliseconds !== null))
    panels.push({
      title: `${model}: seconds, two processes on one machine`,
      valueOf: ({ milliseconds }) => milliseconds! / 1000,
      exponentOf: (schedule) => exponentOf(schedule).milliseconds!,
    });
  const width = WIDTH * panels.length;
  const body = panels.map((panel, index) => panelSvg(panel, points, WIDTH * index)).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" font-family="sans-serif" font-size="12"><rect width="${width}" height="${HEIGHT}" fill="#fff"/>${body}</svg>\n`;
}
