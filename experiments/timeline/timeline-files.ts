/** The files of `bench inference --timeline`: numbers, and a page that needs nothing else. */
import { join } from 'node:path';
import type { Timeline } from '../../bench/timeline/timeline.js';
import { escapeHtml, table } from '../report/html.js';
import { renderSvg } from '../report/render.js';
import { css } from '../report/style.js';
import { timelineBars, timelineChart } from './chart.js';
import { makeDirectory } from '../../util/make-directory.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';

/** Pixels a millisecond, within what a browser draws well. */
const PIXELS = 1;
const LEAST_WIDTH = 1400;
const MOST_WIDTH = 8000;

const whole = (milliseconds: number): string => milliseconds.toFixed(0);

const stepTables = ({ parties }: Timeline): string =>
  Object.entries(parties)
    .map(([party, { steps, total }]) => {
      const rows = [...steps, { step: 'all', ...total }].map(({ step, computing, threads, waiting }) => [
        step,
        ...[computing, threads, waiting].map(whole),
      ]);
      const header = ['function', 'computes, ms', 'kernels in threads', 'waits for the peer'];
      return `<section><h2>${escapeHtml(party)}</h2>${table(header, rows)}</section>`;
    })
    .join('\n');

const busyTable = ({ busy }: Timeline): string =>
  table(
    ['busy', 'ms'],
    busy.map(({ parties, milliseconds }) => [parties.join(' and ') || 'nobody', whole(milliseconds)]),
  );

async function pageOf(title: string, timeline: Timeline): Promise<string> {
  const width = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, Math.round(PIXELS * timeline.milliseconds)));
  const svg = await renderSvg(timelineChart(title, timelineBars(timeline, width)), width);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${css}
.wide-chart { overflow-x: auto; }</style></head>
<body>
<h1>${escapeHtml(title)}</h1>
<div class="wide-chart" role="img" aria-label="What each party did when">${svg}</div>
<section><h2>Who was busy</h2>${busyTable(timeline)}</section>
${stepTables(timeline)}
</body>
</html>
`;
}

/** → the files */
export async function writeTimeline(folder: string, title: string, timeline: Timeline): Promise<string[]> {
  await makeDirectory(folder);
  const [numbers, page] = [join(folder, 'timeline.json'), join(folder, 'timeline.html')];
  await writeFileAtomically(numbers, `${JSON.stringify(timeline)}\n`);
  await writeFileAtomically(page, await pageOf(title, timeline));
  return [numbers, page];
}
