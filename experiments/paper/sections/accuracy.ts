/** Accuracy of what was trained here, method by method. */
import { mean } from '../../../data/metrics/mean.js';
import type { Method } from '../../../methods/method.js';
import { type RunResult, scoreOf } from '../../measure/run-result.js';
import type { SweepRow } from '../../sweep/results-file.js';
import type { Block, Table } from '../block.js';
import type { Section } from '../section.js';
import { MADE_UP, rowOf, type Trained, trainedMethods } from '../trained.js';

const percent = (value: number): string => (100 * value).toFixed(2);

/** Mean and spread over the seeds that are there. */
function overSeeds(rows: readonly (SweepRow | null)[], value: (row: RunResult) => number | null): string {
  const done = rows.flatMap((row) => (row?.status === 'done' ? [value(row)] : []));
  const values = done.filter((one) => one !== null);
  if (values.length === 0) return rows.some((row) => row?.status === 'failed') ? 'failed' : '';
  const centre = mean(values);
  const variance = values.reduce((sum, one) => sum + (one - centre) ** 2, 0) / Math.max(1, values.length - 1);
  const spread = values.length > 1 ? ` ± ${percent(Math.sqrt(variance))} (${values.length})` : '';
  return `${percent(centre)}${spread}`;
}

const methodRow = ({ rows: all, seeds }: Trained, method: Method): string[] => {
  const rows = seeds.map((seed) => rowOf(all, method, seed));
  return [
    method.name,
    overSeeds(rows, ({ float }) => scoreOf(float)),
    overSeeds(rows, ({ fixedPoint }) => fixedPoint && scoreOf(fixedPoint)),
    overSeeds(rows, ({ float }) => float.meanKeptRatio),
  ];
};

function tableOf(trained: Trained): Table {
  const { task, rows } = trained;
  const done = rows.find((row) => row.status === 'done');
  const metric = done ? (Object.keys(done.float.metrics)[0] ?? 'score') : 'score';
  const about =
    task === MADE_UP
      ? 'Made-up texts and a network of two layers: these figures show that training, export and measuring run, and nothing about the methods. Give --data and --model for real ones.'
      : 'The first metric of the task on its development set, mean ± standard deviation over so many seeds.';
  return {
    kind: 'table',
    id: `accuracy-${task.replaceAll(' ', '-')}`,
    caption: `${task}: ${metric}, %. ${about} Float: the trained network; fixed point: the exported artifact, as both parties compute it; kept: share of token-layers, of which the last layer has [CLS] alone in every model. Published accuracies are of BERT encoders that are not here, so they are not beside these.`,
    header: ['method', 'float', 'fixed point', 'kept'],
    rows: trainedMethods().map((method) => methodRow(trained, method)),
  };
}

const blocksOf = (trained: Trained): Block[] =>
  trained.error === null
    ? [tableOf(trained)]
    : [{ kind: 'text', text: `${trained.task} failed: ${trained.error}` }];

export const accuracy: Section = {
  name: 'accuracy',
  title: 'Accuracy',
  trains: true,
  points: async () => [],
  blocks: (_, { trained }) => trained.flatMap(blocksOf),
};
