/** What a model's logits say, by the kind of its problem. */
import type { ModelConfig, Problem } from './config.js';

/** Index of the largest; the first of equals. */
export const argmax = (values: readonly number[]): number => values.indexOf(Math.max(...values));

function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** Of every output: one of several classes, each label by itself, or none where the output is a number. */
export function probabilitiesOf(problem: Problem, logits: readonly number[]): number[] {
  if (problem === 'regression') return [];
  return problem === 'classes' ? softmax(logits) : logits.map(sigmoid);
}

/** The class number, or the number of a regression: what a label is compared with. */
export const predictionOf = (problem: Problem, logits: readonly number[]): number =>
  problem === 'regression' ? logits[0]! : argmax(logits);

/** A label of a multi-label model is given where its probability is above one half. */
export const givenLabels = (logits: readonly number[]): number[] =>
  logits.flatMap((logit, label) => (logit > 0 ? [label] : []));

/** Digits behind the point of a number that a regression gives: its fixed point has no more. */
const DIGITS = 3;

/** What an answer says, without all of the logits. */
export interface Outcome {
  /** The likeliest. */
  readonly label: number;
  /** Of a multi-label model. */
  readonly given?: readonly number[] | null | undefined;
  /** Of a regression. */
  readonly number?: number | undefined;
}

export const outcomeOf = (logits: readonly number[]): Outcome => ({
  label: argmax(logits),
  given: givenLabels(logits),
  number: logits[0],
});

/** The answer in words: a class, labels with commas between, or a number. */
export function answerText({ problem, labels }: ModelConfig, outcome: Outcome): string {
  if (problem === 'regression') return (outcome.number ?? Number.NaN).toFixed(DIGITS);
  const name = (label: number): string => labels[label] ?? String(label);
  if (problem === 'classes') return name(outcome.label);
  const given = outcome.given ?? [];
  return given.length === 0 ? 'none' : given.map(name).join(', ');
}
