/** The report: one HTML page that needs nothing else. */
import { megabytes } from '../../util/megabytes.js';
import { type Measured, type RunResult, scoreOf } from '../measure/run-result.js';
import { settingName } from '../sweep/grid.js';
import { paretoFront } from '../sweep/pareto.js';
import { repeatMeans, type Spread } from '../sweep/repeats.js';
import type { Collected } from './collect.js';
import { type DrawnFigure, draw, figureHtml } from './drawing.js';
import { type Drawn, figuresOf } from './figures.js';
import { escapeHtml, percent, table } from './html.js';
import { looksOf, runsByTask } from './looks.js';
import { networkHtml } from './network-sliders.js';
import { sentencesHtml } from './sentences.js';
import { css } from './style.js';

export interface Page {
  readonly html: string;
  readonly figures: readonly DrawnFigure[];
}

/** With the half width of its 95% interval, where it was measured. */
function score(measured: Measured | null): string {
  if (!measured) return '–';
  const value = percent(scoreOf(measured), 2);
  const { interval } = measured;
  return interval ? `${value} ± ${(50 * (interval[1] - interval[0])).toFixed(1)}` : value;
}

function resultsTable({ runs: all, looks, task }: Drawn): string {
  const runs = all.flatMap(({ name, result }) => (result ? [{ name, result }] : []));
  if (runs.length === 0) return '';
  const points = runs.map(({ result }) => ({
    score: scoreOf(result.fixedPoint ?? result.float),
    cost: result.estimate.seconds.lan,
  }));
  const front = paretoFront(points);
  const rows = runs.map(({ name, result: { float, fixedPoint, secure, estimate } }, i) => [
    `${looks.get(name)!.name}${front[i] ? ' *' : ''}`,
    score(float),
    score(fixedPoint),
    secure ? `${score(secure)} of ${secure.examples}` : '–',
    percent(float.meanKeptRatio),
    megabytes(estimate.bytes),
    estimate.seconds.lan.toFixed(2),
  ]);
  const metric = Object.keys(runs[0]!.result.float.metrics)[0] ?? 'score';
  const header = ['run', 'float', 'fixed point', 'private', 'kept', 'MB', 's LAN'];
  return `<section><h2>Results</h2>${table(header, rows)}
<p class="caption">${escapeHtml(task ?? 'unknown task')}, dev set: ${escapeHtml(metric)}, ± half of the 95% interval that the number of examples leaves. Kept: share of real token-layers. Costs are estimates of one text. * on the Pareto front.</p></section>`;
}

/** Settings of a sweep that were run with several seeds or folds. */
function repeatTable({ sweep }: Collected): string {
  const means = repeatMeans(sweep);
  if (means.length === 0) return '';
  const spread = (value: Spread | null): string =>
    value ? `${percent(value.mean, 2)} ± ${(100 * value.deviation).toFixed(2)}` : '–';
  const rows = means.map(({ settings, runs, float, fixedPoint, gain, meanKeptRatio, bytes, seconds }) => [
    settingName(settings),
    runs,
    spread(float),
    spread(gain.float),
    spread(fixedPoint),
    spread(gain.fixedPoint),
    percent(meanKeptRatio.mean),
    megabytes(bytes),
    seconds.toFixed(2),
  ]);
  const header = ['settings', 'runs', 'float', 'gain', 'fixed point', 'gain', 'kept', 'MB', 's LAN'];
  return `<section><h2>Over seeds and folds</h2>${table(header, rows)}
<p class="caption">Mean ± standard deviation over runs that differ in the seed or the fold alone. Gain: over the dense model of the same seed and fold.</p></section>`;
}

function secureTable(collected: Collected): string {
  const measured = collected.runs.flatMap(({ name, result }) =>
    result?.secure?.cost ? [{ name, result, cost: result.secure.cost }] : [],
  );
  if (measured.length === 0) return '';
  const rows = measured.map(({ name, result, cost }) => [
    name,
    result.secure!.examples,
    score(result.secure),
    megabytes(cost.bytes),
    megabytes(result.estimate.bytes),
    Math.round(cost.rounds),
    (cost.milliseconds / 1000).toFixed(2),
  ]);
  return `<section><h2>Measured privately</h2>${table(['run', 'texts', 'score', 'MB', 'estimated', 'rounds', 's'], rows)}
<p class="caption">Two processes on one machine; bytes and time include the set-up of the connection, spread over the texts.</p></section>`;
}

function evaluationTable({ evaluations }: Collected): string {
  if (evaluations.length === 0) return '';
  const rows = evaluations.map(({ file, task, backend, examples, metrics, meanKeptRatio }) => [
    file,
    task,
    backend,
    examples,
    Object.entries(metrics)
      .map(([name, value]) => `${name} ${value.toFixed(4)}`)
      .join(', '),
    percent(meanKeptRatio),
  ]);
  return `<section><h2>Evaluations</h2>${table(['file', 'task', 'backend', 'examples', 'metrics', 'kept'], rows)}</section>`;
}

/** The run that shows best what thresholds do: the one with the best score that prunes. */
function exampleRun({ runs }: Pick<Drawn, 'runs'>) {
  const pruning = runs.filter(({ result, tokens }) => result?.thresholds && tokens.length > 0);
  const value = (result: RunResult | null): number => (result ? scoreOf(result.float) : 0);
  return [...pruning].sort((a, b) => value(b.result) - value(a.result))[0] ?? null;
}

function examplesHtml(drawn: Drawn, id: string): string {
  const run = exampleRun(drawn);
  if (!run) return '';
  return `<section id="${id}"><h2>Which tokens leave where</h2>
<p class="caption">${escapeHtml(run.name)}, sentences of its dev set, looked at by the model’s owner in the clear. In private inference nobody learns which tokens leave: only how many.</p>
${sentencesHtml(run.tokens, run.result!.labels)}</section>`;
}

function protocolTable(drawn: Drawn): string {
  const run = exampleRun(drawn) ?? drawn.runs.find(({ result }) => result) ?? null;
  const estimate = run?.result?.estimate;
  if (!run || !estimate) return '';
  const rows = [...estimate.protocols]
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ name, bytes, rounds }) => [
      name,
      megabytes(bytes),
      Math.round(rounds),
      percent(bytes / estimate.bytes),
    ]);
  return `<details><summary>Every protocol of ${escapeHtml(run.name)}</summary>${table(['protocol', 'MB', 'rounds', 'of all bytes'], rows)}
<p class="caption">A protocol’s figures include those of the protocols inside it.</p></details>`;
}

const notesHtml = (notes: readonly string[]): string =>
  notes.length === 0
    ? ''
    : `<div class="notes">${notes.map((note) => `<p>${escapeHtml(note)}</p>`).join('')}</div>`;

/** The figures and tables of one task's runs; ids differ from those of other tasks by `suffix`. */
async function taskHtml(drawn: Drawn, suffix: string): Promise<Page> {
  const figures = await Promise.all(
    figuresOf(drawn).map((figure) => draw({ ...figure, id: `${figure.id}${suffix}` })),
  );
  const byId = (...ids: readonly string[]): string =>
    figures
      .filter(({ id }) => ids.some((name) => id === `${name}${suffix}`))
      .map(figureHtml)
      .join('');
  const heading = suffix === '' ? '' : `<h1 class="task">${escapeHtml(drawn.task ?? 'Task unknown')}</h1>`;
  const html = `${heading}
${byId('pareto', 'pareto-wan', 'pareto-traffic')}
${resultsTable(drawn)}
${byId('kept')}
${examplesHtml(drawn, `sentences${suffix}`)}
${byId('thresholds', 'cost')}
${protocolTable(drawn)}
${byId('loss', 'score')}`;
  return { html, figures };
}

/** Lays everything out; drawings come back too, for files of their own. */
export async function reportPage(collected: Collected): Promise<Page> {
  const looks = looksOf(collected.runs);
  const groups = runsByTask(collected.runs).map((group): Drawn => ({ ...group, looks }));
  const suffixOf = (at: number): string => (groups.length === 1 ? '' : `-${at + 1}`);
  const parts = await Promise.all(groups.map((group, at) => taskHtml(group, suffixOf(at))));
  const slid = collected.runs.flatMap(({ name, result }) =>
    result ? [{ ...looks.get(name)!, estimate: result.estimate }] : [],
  );
  const title = 'CipherPrune: accuracy against cost';
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${css}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="caption">${collected.runs.length} runs below ${escapeHtml(collected.directory)}</p>
${notesHtml(collected.notes)}
${networkHtml(slid)}
${repeatTable(collected)}
${secureTable(collected)}
${evaluationTable(collected)}
${parts.map((part) => part.html).join('\n')}
</body>
</html>
`;
  return { html, figures: parts.flatMap(({ figures }) => figures) };
}
