/** Table 1: the compared systems by size of the model. */
import { METHODS } from '../../../methods/index.js';
import type { Method } from '../../../methods/method.js';
import { cell, gigabytes, number, whole } from '../block.js';
import type { InferenceSpec } from '../inference-points.js';
import { publishedCost } from '../published.js';
import type { Results } from '../results.js';
import { costPoints, type Section, type Shapes } from '../section.js';

/** In the order of the published table. */
const SYSTEMS = ['iron', 'bolt-no-we', 'bolt', 'cipherprune-prune', 'cipherprune'];

/** Those that are here. */
const systems = (): Method[] =>
  SYSTEMS.flatMap((name) => METHODS.find((method) => method.name === name) ?? []);

const specs = ({ models, tokens }: Shapes): InferenceSpec[] =>
  models.flatMap((model) =>
    systems().map((method) => ({
      model,
      method,
      tokens,
    })),
  );

function rowOf(spec: InferenceSpec, results: Results): string[] {
  const counted = results.counted(spec);
  const run = results.run(spec, 2);
  const published = publishedCost(spec.method.name, spec.model, spec.tokens, 2);
  return [
    spec.model,
    spec.method.name,
    cell(run, ({ milliseconds }) => (milliseconds === null ? null : number(milliseconds / 1000))),
    cell(counted, ({ estimatedSeconds }) => (estimatedSeconds ? number(estimatedSeconds.lan) : null)),
    cell(counted, ({ bytes }) => gigabytes(bytes)),
    cell(counted, ({ rounds }) => whole(rounds)),
    published?.seconds == null ? '' : number(published.seconds),
    published?.bytes == null ? '' : gigabytes(published.bytes),
  ];
}

export const table1: Section = {
  name: 'table1',
  title: 'End to end, by size of the model',
  points: (shapes) => costPoints(specs(shapes), shapes),
  blocks: (shapes, results) => [
    {
      kind: 'table',
      id: 'table1',
      caption: `One text of ${shapes.tokens} tokens, two parties. Seconds, run: both parties on this machine, loopback. Seconds, LAN: the cost model's estimate for 3 Gbit/s and 0.8 ms. GB of both directions and rounds are counted. The last two columns are published figures of other programs on other machines, not measured here. Accuracy does not depend on these random weights: it has a table of its own.`,
      header: [
        'model',
        'system',
        's, run',
        's, LAN (estimated)',
        'GB',
        'rounds',
        's (published)',
        'GB (published)',
      ],
      rows: specs(shapes).map((spec) => rowOf(spec, results)),
    },
  ],
};
