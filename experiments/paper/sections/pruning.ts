/** The rules by which tokens leave: a shuffle, sequential swaps, sorting. */
import { countElimination, type EliminationFigure } from '../../../bench/elimination.js';
import { methodNamed } from '../../../methods/index.js';
import { type Block, cell, number, whole } from '../block.js';
import { logLines } from '../charts.js';
import { type Point, pointOf } from '../point.js';
import type { Results } from '../results.js';
import type { Section, Shapes } from '../section.js';

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

const VIEWS = [
  {
    id: 'pruning-bytes',
    unit: 'MB',
    pick: ({ bytes }: EliminationFigure) => bytes / 1e6,
    show: number,
  },
  { id: 'pruning-rounds', unit: 'rounds', pick: ({ rounds }: EliminationFigure) => rounds, show: whole },
  {
    id: 'pruning-seconds',
    unit: 'seconds, LAN (estimated)',
    pick: ({ estimatedSeconds }: EliminationFigure) => estimatedSeconds.lan,
    show: number,
  },
] as const;

function blocksOf(
  { id, unit, pick, show }: (typeof VIEWS)[number],
  shapes: Shapes,
  results: Results,
): Block[] {
  const { lengths, model } = shapes;
  const found = (rule: Rule, tokens: number) =>
    results.of<EliminationFigure>(pointAt(shapes, rule, tokens).id);
  const caption = `Half of the tokens leave, with their rows of ${model}: ${unit} against tokens, counted. Shuffle: ours. Swaps: as CipherPrune published them. Sorting: BOLT's word elimination.`;
  const points = RULES.flatMap((rule) =>
    lengths.flatMap((tokens) => {
      const figure = found(rule, tokens);
      return figure === null || figure === 'failed' ? [] : [{ line: rule.name, x: tokens, y: pick(figure) }];
    }),
  );
  return [
    {
      kind: 'figure',
      figure: logLines({ id, title: `Pruning: ${unit}`, caption, x: 'tokens', y: unit, points }),
    },
    {
      kind: 'table',
      id,
      caption: `${unit}: the values of the figure above.`,
      header: ['rule', ...lengths.map((tokens) => `${tokens} tokens`)],
      rows: RULES.map((rule) => [
        rule.name,
        ...lengths.map((tokens) => cell(found(rule, tokens), (figure) => show(pick(figure)))),
      ]),
    },
  ];
}

export const pruning: Section = {
  name: 'pruning',
  title: 'How tokens leave: a shuffle, swaps, sorting',
  points: async (shapes) =>
    RULES.flatMap((rule) => shapes.lengths.map((tokens) => pointAt(shapes, rule, tokens))),
  blocks: (shapes, results) => VIEWS.flatMap((view) => blocksOf(view, shapes, results)),
};
