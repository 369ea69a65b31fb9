/** Where the bytes and the seconds go. */
import { METHODS } from '../../../methods/index.js';
import { byFunction, FUNCTION_NAMES } from '../../report/by-function.js';
import { type Block, cell, gigabytes, number } from '../block.js';
import { stackedBars } from '../charts.js';
import type { InferenceSpec } from '../inference-points.js';
import type { Found, InferenceResult, Results } from '../results.js';
import { costPoints, type Section, type Shapes } from '../section.js';

const specs = ({ model, tokens }: Shapes): InferenceSpec[] =>
  METHODS.map((method) => ({ model, tokens, method }));

type Pick = (of: { readonly bytes: number; readonly milliseconds?: number | null }) => number;

const bytesOf: Pick = ({ bytes }) => bytes;
const secondsOf: Pick = ({ milliseconds }) => (milliseconds ?? 0) / 1000;

interface View {
  readonly id: string;
  readonly unit: string;
  readonly caption: string;
  readonly pick: Pick;
  readonly show: (value: number) => string;
  readonly found: (spec: InferenceSpec, results: Results) => Found<InferenceResult>;
}

const VIEWS: readonly View[] = [
  {
    id: 'breakdown-bytes',
    unit: 'GB',
    caption: 'counted; every function with the correlated OTs that it uses up',
    pick: bytesOf,
    show: gigabytes,
    found: (spec, results) => results.counted(spec),
  },
  {
    id: 'breakdown-seconds',
    unit: 'seconds',
    caption: "run on this machine; the client's clock, so waiting for the server counts",
    pick: secondsOf,
    show: number,
    found: (spec, results) => results.run(spec, 2),
  },
];

function blocksOf(view: View, shapes: Shapes, results: Results): Block[] {
  const found = specs(shapes).map((spec) => ({ name: spec.method.name, result: view.found(spec, results) }));
  if (found.every(({ result }) => result === null)) return [];
  const caption = `${shapes.model}, ${shapes.tokens} tokens, two parties, ${view.unit} by function: ${view.caption}.`;
  const bars = found.flatMap(({ name, result }) =>
    result === null || result === 'failed'
      ? []
      : byFunction(result, view.pick).map(({ name: part, value }) => ({
          bar: name,
          part,
          value: view.unit === 'GB' ? value / 1e9 : value,
        })),
  );
  return [
    {
      kind: 'figure',
      figure: stackedBars({
        id: view.id,
        title: `${view.unit} by function`,
        caption,
        unit: view.unit,
        names: FUNCTION_NAMES,
        bars,
      }),
    },
    {
      kind: 'table',
      id: view.id,
      caption: `${view.unit}: the values of the figure above.`,
      header: ['method', ...FUNCTION_NAMES],
      rows: found.map(({ name, result }) => [
        name,
        ...FUNCTION_NAMES.map((_, at) =>
          cell(result, (value) => view.show(byFunction(value, view.pick)[at]!.value)),
        ),
      ]),
    },
  ];
}

export const breakdown: Section = {
  name: 'breakdown',
  title: 'Where bytes and seconds go',
  points: (shapes) => costPoints(specs(shapes), shapes),
  blocks: (shapes, results) => VIEWS.flatMap((view) => blocksOf(view, shapes, results)),
};
