/** Cost against the length of the text. */
import { METHODS } from '../../../methods/index.js';
import { type Block, cell, gigabytes, number } from '../block.js';
import { logLines } from '../charts.js';
import { countedPoint, type InferenceSpec } from '../inference-points.js';
import type { InferenceResult, Results } from '../results.js';
import type { Section, Shapes } from '../section.js';

const specs = ({ model, lengths }: Shapes): InferenceSpec[] =>
  METHODS.flatMap((method) => lengths.map((tokens) => ({ model, tokens, method })));

const VIEWS = [
  {
    id: 'scaling-bytes',
    unit: 'GB',
    pick: ({ bytes }: InferenceResult) => bytes / 1e9,
    show: (value: number) => gigabytes(value * 1e9),
  },
  {
    id: 'scaling-seconds',
    unit: 'seconds, LAN (estimated)',
    pick: ({ estimatedSeconds }: InferenceResult) => estimatedSeconds?.lan ?? 0,
    show: number,
  },
] as const;

function blocksOf(
  { id, unit, pick, show }: (typeof VIEWS)[number],
  shapes: Shapes,
  results: Results,
): Block[] {
  const { model, lengths } = shapes;
  const caption = `${model}, two parties, one text: ${unit} against tokens. Methods that learn thresholds keep the published numbers of tokens, scaled to the length.`;
  const points = specs(shapes).flatMap((spec) => {
    const found = results.counted(spec);
    return found === null || found === 'failed'
      ? []
      : [{ line: spec.method.name, x: spec.tokens, y: pick(found) }];
  });
  return [
    {
      kind: 'figure',
      figure: logLines({ id, title: `${unit} against tokens`, caption, x: 'tokens', y: unit, points }),
    },
    {
      kind: 'table',
      id,
      caption: `${unit}: the values of the figure above.`,
      header: ['method', ...lengths.map((tokens) => `${tokens} tokens`)],
      rows: METHODS.map((method) => [
        method.name,
        ...lengths.map((tokens) =>
          cell(results.counted({ model, tokens, method }), (value) => show(pick(value))),
        ),
      ]),
    },
  ];
}

export const scaling: Section = {
  name: 'scaling',
  title: 'Cost against the length of the text',
  points: async (shapes) => specs(shapes).map(countedPoint),
  blocks: (shapes, results) => VIEWS.flatMap((view) => blocksOf(view, shapes, results)),
};
