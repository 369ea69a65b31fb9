/** Rows of an input with a model's answers added: what `predict` writes and `infer --output` prints. */
import type { Field } from '../../data/tables/table.js';
import type { Fields } from '../../data/tables/write.js';
import type { Classification } from '../../inference/run/classification.js';
import type { ModelConfig } from '../../model/config.js';

/** Names of the fields that answers add; an input's field of the same name is kept under another. */
const ADDED = ['label', 'probability'] as const;
const KEPT_AS = 'input_';

/** The names of a row's own fields beside the added ones. */
const keptName = (name: string): string =>
  ADDED.some((added) => added === name) ? `${KEPT_AS}${name}` : name;

/** What the rows have, in order. */
export const answeredColumns = (columns: readonly string[]): string[] => [...columns.map(keptName), ...ADDED];

const keptFields = (fields: Fields): Record<string, Field> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [keptName(name), field]));

/** Digits of a probability: more would be noise of fixed point. */
const DIGITS = 4;

const rounded = (value: number): number => Number(value.toFixed(DIGITS));

/** Probability of the label that was given; null where there is none: numbers, and servers that tell the label alone. */
export const probabilityOf = ({ probabilities, label }: Classification): number | null =>
  probabilities?.[label] === undefined ? null : rounded(probabilities[label]);

/** A row with its answer; without one, with the fields empty: there are as many rows as in the input. */
export function answeredRow(
  fields: Fields,
  answer: Classification | null,
  problem: ModelConfig['problem'],
): Fields {
  if (answer === null) return { ...keptFields(fields), label: null, probability: null };
  const number = Number(answer.labelName);
  const label = problem === 'regression' && Number.isFinite(number) ? number : answer.labelName;
  return { ...keptFields(fields), label, probability: probabilityOf(answer) };
}
