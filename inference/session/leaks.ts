/**
 * Everything that a run may open, by name. A protocol cannot open anything else: the session refuses other names.
 * docs/threat-model.md says what each one means.
 */
export const DECLARED_LEAKS = {
  'length-bucket': 'the padded length that the client chose, not the number of tokens',
  'kept-token-count': 'how many tokens a layer kept, in shuffled order: not which',
  'important-token-count': 'how many kept tokens get the high-degree polynomials: not which',
  'shuffled-order': 'the order of rows after a secret shuffle, a random one: nothing about the text',
  label: 'the answer: the likeliest class, or every label that is given',
  probabilities: 'the answer: probabilities, rounded as the parties agreed',
  logits: 'the answer: logits, rounded as the parties agreed',
} as const;

export type DeclaredLeak = keyof typeof DECLARED_LEAKS;

export const isDeclaredLeak = (name: string): name is DeclaredLeak => Object.hasOwn(DECLARED_LEAKS, name);
