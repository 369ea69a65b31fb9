/** Unigram (Kudo, ACL 2018): the pieces of the largest sum of scores, by Viterbi's algorithm over code points. */
import { TokenizerError } from './tokenizer-error.js';
import type { UnigramModel } from './tokenizer-schema.js';

/** An unknown character costs so much more than the rarest piece. */
const UNKNOWN_PENALTY = 10;

interface Node {
  readonly id: number;
  readonly score: number;
  readonly begin: number;
}

export function createUnigram({ vocab, unk_id: unknown }: UnigramModel): (piece: string) => number[] {
  if (unknown >= vocab.length)
    throw new TokenizerError(
      `tokenizer.json: model.unk_id: expected at most ${vocab.length - 1}, got ${unknown}`,
    );
  const ids = new Map<string, number>();
  let [least, longest] = [Number.POSITIVE_INFINITY, 0];
  vocab.forEach(([token, score], id) => {
    ids.set(token, id);
    least = Math.min(least, score);
    longest = Math.max(longest, [...token].length);
  });
  const unknownScore = least - UNKNOWN_PENALTY;

  /** The best path to every place between characters. */
  const bestPaths = (characters: readonly string[]): (Node | undefined)[] => {
    const best: (Node | undefined)[] = new Array<Node | undefined>(characters.length + 1);
    const offer = (end: number, node: Node): void => {
      const before = best[end];
      if (before === undefined || node.score > before.score) best[end] = node;
    };
    for (let begin = 0; begin < characters.length; begin++) {
      const soFar = best[begin]?.score ?? 0;
      let token = '';
      let isKnown = false;
      for (let end = begin + 1; end <= Math.min(characters.length, begin + longest); end++) {
        token += characters[end - 1]!;
        const id = ids.get(token);
        if (id === undefined) continue;
        offer(end, { id, score: vocab[id]![1] + soFar, begin });
        if (end === begin + 1) isKnown = true;
      }
      if (!isKnown) offer(begin + 1, { id: unknown, score: unknownScore + soFar, begin });
    }
    return best;
  };

  return (piece) => {
    const characters = [...piece];
    const best = bestPaths(characters);
    const tokens: number[] = [];
    // Neighbouring unknown characters are one token.
    let unknownEnd: number | null = null;
    const closeUnknown = (begin: number): void => {
      if (unknownEnd === null) return;
      tokens.push(ids.get(characters.slice(begin, unknownEnd).join('')) ?? unknown);
      unknownEnd = null;
    };
    for (let end = characters.length; end > 0; ) {
      const { id, begin } = best[end]!;
      if (id === unknown) unknownEnd ??= end;
      else {
        closeUnknown(end);
        tokens.push(id);
      }
      end = begin;
    }
    closeUnknown(0);
    return tokens.reverse();
  };
}
