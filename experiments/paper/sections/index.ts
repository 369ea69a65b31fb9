/** Every table and figure, in the paper's order. */
import type { Section } from '../section.js';
import { accuracy } from './accuracy.js';
import { breakdown } from './breakdown.js';
import { methods } from './methods.js';
import { prunedSystems } from './pruned-systems.js';
import { pruning } from './pruning.js';
import { scaling } from './scaling.js';
import { table1 } from './table1.js';
import { tokens } from './tokens.js';

export const SECTIONS: readonly Section[] = [
  table1,
  methods,
  accuracy,
  breakdown,
  scaling,
  pruning,
  prunedSystems,
  tokens,
];
