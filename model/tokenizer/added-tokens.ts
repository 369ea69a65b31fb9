/**
 * Added tokens: strings that are tokens wherever they stand, whatever the model says. Some are looked for in the text as it is, some
 * in the normalized one.
 */
import type { Normalize } from './normalizer.js';
import type { AddedToken } from './tokenizer-schema.js';

/** A part of the text that is left to the model, or an added token. */
export type TextPart = { readonly text: string; readonly isFirst: boolean } | { readonly id: number };

interface TrieNode {
  readonly next: Map<string, TrieNode>;
  token: AddedToken | null;
}

const newNode = (): TrieNode => ({ next: new Map(), token: null });

function trieOf(tokens: readonly (readonly [content: string, token: AddedToken])[]): TrieNode {
  const root = newNode();
  for (const [content, token] of tokens) {
    let node = root;
    for (const unit of content.split('')) {
      const next = node.next.get(unit) ?? newNode();
      node.next.set(unit, next);
      node = next;
    }
    if (content !== '') node.token ??= token;
  }
  return root;
}

const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const wordAtEnd = new RegExp(`${WORD}$`, 'u');
const wordAtStart = new RegExp(`^${WORD}`, 'u');
const SPACE_UNITS = /^\p{White_Space}$/u;

/** The longest token that begins at a place. */
function longestAt(root: TrieNode, text: string, at: number): { token: AddedToken; end: number } | null {
  let found: { token: AddedToken; end: number } | null = null;
  let node: TrieNode | undefined = root;
  for (let end = at; node !== undefined; end++) {
    if (node.token !== null) found = { token: node.token, end };
    node = end < text.length ? node.next.get(text[end]!) : undefined;
  }
  return found;
}

/** Whether neither neighbour belongs to a word; two units hold any character. */
const standsAlone = (text: string, begin: number, end: number): boolean =>
  !wordAtEnd.test(text.slice(Math.max(0, begin - 2), begin)) && !wordAtStart.test(text.slice(end, end + 2));

function splitAt(root: TrieNode, text: string, isFirst: boolean): TextPart[] {
  const parts: TextPart[] = [];
  let done = 0;
  for (let at = 0; at < text.length; ) {
    const match = longestAt(root, text, at);
    if (match === null) {
      at++;
      continue;
    }
    const { token } = match;
    let [begin, { end }] = [at, match];
    at = end;
    if (token.single_word && !standsAlone(text, begin, end)) continue;
    // All white space lies in the first plane: one unit a character.
    if (token.lstrip) while (begin > done && SPACE_UNITS.test(text[begin - 1]!)) begin--;
    if (token.rstrip) while (end < text.length && SPACE_UNITS.test(text[end]!)) end++;
    if (begin > done) parts.push({ text: text.slice(done, begin), isFirst: isFirst && done === 0 });
    parts.push({ id: token.id });
    done = end;
    at = Math.max(at, end);
  }
  if (done < text.length || parts.length === 0)
    parts.push({ text: text.slice(done), isFirst: isFirst && done === 0 });
  return parts;
}

/** Takes added tokens out of a text and normalizes what is between them. */
export function createAddedTokens(
  tokens: readonly AddedToken[],
  normalize: Normalize,
): (text: string) => TextPart[] {
  // Of two tokens that look alike once normalized, the library takes the special one, then the first.
  const inOrder = [...tokens].sort((a, b) => Number(b.special) - Number(a.special));
  const raw = trieOf(
    inOrder.filter(({ normalized }) => !normalized).map((token) => [token.content, token] as const),
  );
  const normal = trieOf(
    inOrder.filter(({ normalized }) => normalized).map((token) => [normalize(token.content), token] as const),
  );
  return (text) =>
    splitAt(raw, text, true).flatMap((part) =>
      'id' in part ? [part] : splitAt(normal, normalize(part.text), part.isFirst),
    );
}
