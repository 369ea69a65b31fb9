/** The rules by which tokens leave: a shuffle, sequential swaps, sorting. */
import { countElimination, type EliminationFigure } from '../../../bench/elimination.js';
import { methodNamed } from '../../../methods/index.js';
import { number, whole } from '../block.js';
import { type Point, pointOf } from '../point.js';
import type { Section, Shapes } from '../section.js';
import { againstTokens, type View } from './against-tokens.js';

/** By the methods that have them. */
const RULES = [
  { name: 'shuffle', method: 'cipherprune' },
  { name: 'swaps', method: 'cipherprune-swaps' },
  { name: 'sorting', method: 'bolt' },
] as const;

type Rule = (typeof RULES)[number];

/** Swaps of 512 tokens are 196,000 operations, one after the other. */
const SECONDS_A_SQUARE = 4 / 512 ** 2;

function pointAt({ model }: Shapes, { method }: Rule, tokens: number): Point {
  const args = [
    'bench',
    'elimination',
    '--model',
    model,
    '--method',
    method,
    '--tokens',
    String(tokens),
    '--json',
  ];
  return pointOf(args, SECONDS_A_SQUARE * tokens ** 2, () =>
    countElimination(model, methodNamed(method), tokens),
  );
}

const VIEWS: readonly View<EliminationFigure>[] = [
  {
    id: 'pruning-bytes',
    unit: 'MB',
    pick: ({ bytes }) => bytes / 1e6,
    show: number,
  },
  { id: 'pruning-rounds', unit: 'rounds', pick: ({ rounds }) => rounds, show: whole },
  {
    id: 'pruning-seconds',
    unit: 'seconds, LAN (estimated)',
    pick: ({ estimatedSeconds }) => estimatedSeconds.lan,
    show: number,
  },
];

export const pruning: Section = {
  name: 'pruning',
  title: 'How tokens leave: a shuffle, swaps, sorting',
  points: async (shapes) =>
    RULES.flatMap((rule) => shapes.lengths.map((tokens) => pointAt(shapes, rule, tokens))),
  blocks: (shapes, results) =>
    VIEWS.flatMap((view) =>
      againstTokens(view, {
        title: (unit) => `Pruning: ${unit}`,
        caption: (unit) =>
          `Half of the tokens leave, with their rows of ${shapes.model}: ${unit} against tokens, counted. Shuffle: ours. Swaps: as CipherPrune published them. Sorting: BOLT's word elimination.`,
        header: 'rule',
        lines: RULES,
        lengths: shapes.lengths,
        found: (rule, tokens) => results.of<EliminationFigure>(pointAt(shapes, rule, tokens).id),
      }),
    ),
};
