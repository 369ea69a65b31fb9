/** Every method there is, with two parties and with three. */
import { METHODS } from '../../../methods/index.js';
import { cell, gigabytes, number, whole } from '../block.js';
import type { InferenceSpec } from '../inference-points.js';
import { publishedCost } from '../published.js';
import type { InferenceResult, Results } from '../results.js';
import { costPoints, type Section, type Shapes } from '../section.js';

const specs = ({ model, tokens }: Shapes): InferenceSpec[] =>
  METHODS.map((method) => ({ model, tokens, method }));

const ran = ({ milliseconds }: InferenceResult): string | null =>
  milliseconds === null ? null : number(milliseconds / 1000);

function rowOf(spec: InferenceSpec, results: Results): string[] {
  const two = results.counted(spec);
  const three = results.run(spec, 3);
  const published = ([2, 3] as const).flatMap(
    (parties) => publishedCost(spec.method.name, spec.model, spec.tokens, parties) ?? [],
  );
  return [
    spec.method.name,
    cell(two, ({ bytes }) => gigabytes(bytes)),
    cell(two, ({ rounds }) => whole(rounds)),
    cell(results.run(spec, 2), ran),
    cell(three, ({ bytes }) => gigabytes(bytes)),
    cell(three, ({ rounds }) => whole(rounds)),
    cell(three, ran),
    published
      .map(
        ({ parties, seconds: time, bytes }) =>
          `${parties}: ${time === null ? '' : `${number(time)} s`}${bytes === null ? '' : `, ${gigabytes(bytes)} GB`}`,
      )
      .join('; '),
  ];
}

export const methods: Section = {
  name: 'methods',
  title: 'Every method, two parties and three',
  points: (shapes) => costPoints(specs(shapes), shapes, [2, 3]),
  blocks: (shapes, results) => [
    {
      kind: 'table',
      id: 'methods',
      caption: `${shapes.model}, one text of ${shapes.tokens} tokens. GB of all links. Two parties: counted (SoftSpoken); seconds are a run on this machine, loopback. Three parties: a run. The last column has published figures by number of parties, of other programs on other machines.`,
      header: [
        'method',
        'GB, 2 parties',
        'rounds, 2',
        's, 2 (run)',
        'GB, 3 parties',
        'rounds, 3',
        's, 3 (run)',
        'published',
      ],
      rows: specs(shapes).map((spec) => rowOf(spec, results)),
    },
  ],
};
