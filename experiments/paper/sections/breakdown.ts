/** Where the bytes and the seconds go. */
import { METHODS } from '../../../methods/index.js';
import { FUNCTIONS } from '../../report/figures.js';
import { type Block, cell, gigabytes, number } from '../block.js';
import { stackedBars } from '../charts.js';
import type { InferenceSpec } from '../inference-points.js';
import type { Found, InferenceResult, Results } from '../results.js';
import { costPoints, type Section, type Shapes } from '../section.js';

const OTHER = 'other';

const specs = ({ model, tokens }: Shapes): InferenceSpec[] =>
  METHODS.map((method) => ({ model, tokens, method }));

type Pick = (of: { readonly bytes: number; readonly milliseconds?: number | null }) => number;

const bytesOf: Pick = ({ bytes }) => bytes;
const secondsOf: Pick = ({ milliseconds }) => (milliseconds ?? 0) / 1000;

/** One value a function, and what is left over. */
function parts(result: InferenceResult, pick: Pick): [name: string, value: number][] {
  const known = FUNCTIONS.map((name): [string, number] => {
    const protocol = result.protocols.find((one) => one.name === name);
    return [name, protocol ? pick(protocol) : 0];
  });
  const rest = pick(result) - known.reduce((sum, [, value]) => sum + value, 0);
  return [...known, [OTHER, Math.max(0, rest)]];
}

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
      : parts(result, view.pick).map(([part, value]) => ({
          bar: name,
          part,
          value: view.unit === 'GB' ? value / 1e9 : value,
        })),
  );
  const names = [...FUNCTIONS, OTHER];
  return [
    {
      kind: 'figure',
      figure: stackedBars({
        id: view.id,
        title: `${view.unit} by function`,
        caption,
        unit: view.unit,
        names,
        bars,
      }),
    },
    {
      kind: 'table',
      id: view.id,
      caption: `${view.unit}: the values of the figure above.`,
      header: ['method', ...names],
      rows: found.map(({ name, result }) => [
        name,
        ...names.map((part) =>
          cell(result, (value) => view.show(parts(value, view.pick).find(([one]) => one === part)![1])),
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
