/** `report`: one HTML page, and its figures as SVG and PNG, from folders of runs. */
import { dirname, join } from 'node:path';
import { note } from '../../util/note.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { jsonOption } from '../model-options.js';
import { print, printJson } from '../output.js';
import { makeDirectory } from '../../util/make-directory.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';

type ReportOptions = OptionsOf<typeof OPTIONS>;

/** Where the page goes: a name that does not say HTML is a folder's. */
const pageFile = ({ runs, out = runs }: ReportOptions): string =>
  /\.html?$/i.test(out) ? out : join(out, 'report.html');

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

async function report(options: GlobalOptions & ReportOptions): Promise<void> {
  const { collect } = await import('../../experiments/report/collect.js');
  const { reportPage } = await import('../../experiments/report/page.js');
  const { renderPng } = await import('../../experiments/report/render.js');
  const collected = await collect(options.runs);
  const { html, figures } = await reportPage(collected);
  const out = pageFile(options);
  await makeDirectory(dirname(out));
  await writeFileAtomically(out, html);
  const files = [out];
  if (options.figures) {
    const folder = out.replace(/\.html?$/i, '-figures');
    await makeDirectory(folder);
    for (const { id, wide } of figures) {
      const [svg, png] = [join(folder, `${id}.svg`), join(folder, `${id}.png`)];
      await writeFileAtomically(svg, wide);
      await writeFileAtomically(png, renderPng(wide));
      files.push(svg, png);
    }
  }
  for (const line of collected.notes) note(line);
  if (options.json)
    printJson({ out, files, runs: collected.runs.map(({ name }) => name), notes: collected.notes });
  else print(`${out}: ${counted(collected.runs.length, 'run')}, ${counted(figures.length, 'figure')}`);
}

const OPTIONS = {
  runs: { type: 'string', demandOption: true, describe: 'Folder with runs below it, or one run' },
  out: {
    type: 'string',
    describe: 'The page (.html), or a folder for report.html; by default the folder of the runs',
  },
  figures: { type: 'boolean', default: true, describe: 'Also every figure as SVG and PNG beside it' },
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'report',
  describe: 'Draw accuracy, cost and pruned tokens of runs on one page',
  options: OPTIONS,
  handler: report,
});
