/**
 * Byte-pair encoding (Sennrich et al., ACL 2016): of all neighbours that may be merged, those of the lowest rank are, the leftmost
 * first, until none is left. A heap holds the candidates, so that long words take n log n steps.
 */
import { TokenizerError } from './tokenizer-error.js';
import type { BytePairModel } from './tokenizer-schema.js';

interface Merge {
  readonly rank: number;
  readonly id: number;
}

interface Candidate extends Merge {
  /** Place of the left part; what was there and right of it when this was found. */
  readonly at: number;
  readonly left: number;
  readonly right: number;
}

const isBefore = (a: Candidate, b: Candidate): boolean =>
  a.rank < b.rank || (a.rank === b.rank && a.at < b.at);

/** A binary heap: the first candidate in order on top. */
class CandidateHeap {
  readonly #items: Candidate[] = [];

  push(item: Candidate): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(items[at]!, items[above]!)) return;
      [items[at], items[above]] = [items[above]!, items[at]!];
      at = above;
    }
  }

  pop(): Candidate | undefined {
    const items = this.#items;
    const [first, last] = [items[0], items.pop()];
    if (items.length === 0) return first;
    items[0] = last!;
    for (let at = 0; ; ) {
      let next = at;
      for (const below of [2 * at + 1, 2 * at + 2])
        if (below < items.length && isBefore(items[below]!, items[next]!)) next = below;
      if (next === at) return first;
      [items[at], items[next]] = [items[next]!, items[at]!];
      at = next;
    }
  }
}

const pairKey = (left: number, right: number): number => left * 2 ** 24 + right;

function readMerges(model: BytePairModel, ids: ReadonlyMap<string, number>): Map<number, Merge> {
  const merges = new Map<number, Merge>();
  model.merges.forEach((literal, rank) => {
    const parts = typeof literal === 'string' ? literal.split(' ') : literal;
    const [left, right] = [ids.get(parts[0] ?? ''), ids.get(parts[1] ?? '')];
    const id = ids.get(parts.join(''));
    if (parts.length !== 2 || left === undefined || right === undefined || id === undefined)
      throw new TokenizerError(
        `tokenizer.json: model.merges: entry ${rank}: expected two tokens whose whole is a token too`,
      );
    merges.set(pairKey(left, right), { rank, id });
  });
  return merges;
}

/** Merges the ids of single characters in place; −1 marks what is gone. */
function mergeAll(symbols: number[], merges: ReadonlyMap<number, Merge>): number[] {
  const next = symbols.map((_, i) => i + 1);
  const previous = symbols.map((_, i) => i - 1);
  const heap = new CandidateHeap();
  const consider = (at: number): void => {
    const [left, right] = [symbols[at], symbols[next[at] ?? -1]];
    if (left === undefined || right === undefined) return;
    const merge = merges.get(pairKey(left, right));
    if (merge !== undefined) heap.push({ ...merge, at, left, right });
  };
  for (let at = 0; at + 1 < symbols.length; at++) consider(at);
  for (let found = heap.pop(); found !== undefined; found = heap.pop()) {
    const { at, left, right, id } = found;
    const after = next[at]!;
    if (symbols[at] !== left || symbols[after] !== right) continue;
    symbols[at] = id;
    symbols[after] = -1;
    next[at] = next[after]!;
    if (next[at]! < symbols.length) previous[next[at]!] = at;
    if (previous[at]! >= 0) consider(previous[at]!);
    consider(at);
  }
  return symbols.filter((symbol) => symbol >= 0);
}

/** Pieces whose ids are remembered: most words of a text are among few. */
const MOST_REMEMBERED = 1 << 14;
const LONGEST_REMEMBERED = 64;

export function createBytePairs(model: BytePairModel): (piece: string) => number[] {
  const ids = new Map(Object.entries(model.vocab));
  const unknown = model.unk_token === null ? undefined : ids.get(model.unk_token);
  const merges = readMerges(model, ids);
  const remembered = new Map<string, readonly number[]>();
  const split = (piece: string): number[] => {
    if (model.ignore_merges) {
      const whole = ids.get(piece);
      if (whole !== undefined) return [whole];
    }
    return mergeAll(
      [...piece].flatMap((character) => ids.get(character) ?? unknown ?? []),
      merges,
    );
  };
  return (piece) => {
    const known = remembered.get(piece);
    if (known !== undefined) return [...known];
    const result = split(piece);
    if (remembered.size < MOST_REMEMBERED && piece.length <= LONGEST_REMEMBERED)
      remembered.set(piece, result);
    return [...result];
  };
}
