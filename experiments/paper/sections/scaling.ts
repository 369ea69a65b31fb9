/** Cost against the length of the text. */
import { METHODS } from '../../../methods/index.js';
import { gigabytes, number } from '../block.js';
import { countedPoint, type InferenceSpec } from '../inference-points.js';
import type { InferenceResult } from '../results.js';
import type { Section, Shapes } from '../section.js';
import { againstTokens, type View } from './against-tokens.js';

const specs = ({ model, lengths }: Shapes): InferenceSpec[] =>
  METHODS.flatMap((method) => lengths.map((tokens) => ({ model, tokens, method })));

const VIEWS: readonly View<InferenceResult>[] = [
  {
    id: 'scaling-bytes',
    unit: 'GB',
    pick: ({ bytes }) => bytes / 1e9,
    show: (value) => gigabytes(value * 1e9),
  },
  {
    id: 'scaling-seconds',
    unit: 'seconds, LAN (estimated)',
    pick: ({ estimatedSeconds }) => estimatedSeconds?.lan ?? 0,
    show: number,
  },
];

export const scaling: Section = {
  name: 'scaling',
  title: 'Cost against the length of the text',
  points: async (shapes) => specs(shapes).map(countedPoint),
  blocks: ({ model, lengths }, results) =>
    VIEWS.flatMap((view) =>
      againstTokens(view, {
        title: (unit) => `${unit} against tokens`,
        caption: (unit) =>
          `${model}, two parties, one text: ${unit} against tokens. Methods that learn thresholds keep the published numbers of tokens, scaled to the length.`,
        header: 'method',
        lines: METHODS,
        lengths,
        found: (method, tokens) => results.counted({ model, tokens, method }),
      }),
    ),
};
