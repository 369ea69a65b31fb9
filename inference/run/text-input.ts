/** Texts as callers give them. */

/** A text, or the two texts of a pair. */
export type TextInput = string | { readonly text: string; readonly textPair?: string | null };

/** The same with everything said. */
export interface TextOrPair {
  readonly text: string;
  /** Null: not a pair. */
  readonly textPair: string | null;
}

export function textOrPair(input: TextInput): TextOrPair {
  if (typeof input === 'string') return { text: input, textPair: null };
  return { text: input.text, textPair: input.textPair ?? null };
}
