/** What a client is told: chosen by the server, agreed on in the handshake. docs/threat-model.md says what each gives away. */

/** From the least to the most. Each includes the label, which is exact. */
export const ANSWER_KINDS = ['label', 'probability', 'logits'] as const;
export type AnswerKind = (typeof ANSWER_KINDS)[number];

export interface AnswerTerms {
  readonly kind: AnswerKind;
  /** Fraction bits to which probabilities or logits are rounded, to nearest. */
  readonly bits: number;
}

export const LEAST_ANSWER_BITS = 1;
/** Probabilities are computed with this many fraction bits and one more. */
export const MOST_ANSWER_BITS = 10;

/** Coarse enough that a client learns little of the logits, fine enough for a threshold of one's own. */
export const DEFAULT_ANSWER: AnswerTerms = { kind: 'probability', bits: 6 };

/** For who owns the model: comparisons of backends, evaluation. */
export const FINEST_LOGITS: AnswerTerms = { kind: 'logits', bits: MOST_ANSWER_BITS };

/** Does `given` have all of `wanted`? */
export const includesAnswer = (given: AnswerKind, wanted: AnswerKind): boolean =>
  ANSWER_KINDS.indexOf(given) >= ANSWER_KINDS.indexOf(wanted);
