/**
 * Further pairs without labels, from those that are there: a first text with the second texts of other pairs that look most like
 * it. A teacher labels them (the transfer set of distillation). Augmented SBERT (Thakur et al., NAACL 2021), BM25 sampling.
 */
import type { Example } from '../sources/dataset.js';
import { type FurtherText, secondOf } from './further-texts.js';

/** BM25's usual constants: saturation and length normalisation. */
const k1 = 1.2;
const B = 0.75;

const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu));

/** BM25 over a list of texts, with each word counted once a text. */
class Bm25 {
  private readonly postings = new Map<string, number[]>();
  /** Of a text's words: what a shared word is worth there, its rarity left out. */
  private readonly lengthFactors: readonly number[];

  constructor(texts: readonly string[]) {
    const words = texts.map(wordsOf);
    const meanLength = words.reduce((sum, { size }) => sum + size, 0) / Math.max(1, words.length);
    this.lengthFactors = words.map(({ size }) => (k1 + 1) / (1 + k1 * (1 - B + (B * size) / meanLength)));
    words.forEach((set, place) => {
      for (const word of set) {
        const places = this.postings.get(word);
        if (places) places.push(place);
        else this.postings.set(word, [place]);
      }
    });
  }

  /** Places of the texts that share a word with the query, best first. */
  ranking(query: string): number[] {
    const scores = new Map<number, number>();
    for (const word of wordsOf(query)) {
      const places = this.postings.get(word) ?? [];
      const rarity = Math.log(1 + (this.lengthFactors.length - places.length + 0.5) / (places.length + 0.5));
      for (const place of places)
        scores.set(place, (scores.get(place) ?? 0) + rarity * this.lengthFactors[place]!);
    }
    return [...scores].sort(([p, x], [q, y]) => y - x || p - q).map(([place]) => place);
  }
}

/**
 * Up to `each` further pairs for every distinct first text, none of them among the examples; fewer where no other second text
 * shares a word.
 * @throws DatasetError if an example is a single text
 */
export function recombinedPairs(examples: readonly Example[], each: number): FurtherText[] {
  const second = (example: Example): string => secondOf(example, 'recombined pairs');
  const seconds = [...new Set(examples.map(second))];
  const index = new Bm25(seconds);
  const known = new Map<string, Set<string>>();
  for (const example of examples) {
    const partners = known.get(example.text) ?? new Set();
    known.set(example.text, partners.add(second(example)));
  }
  return [...known].flatMap(([text, partners]) =>
    index
      .ranking(text)
      .map((place) => seconds[place]!)
      .filter((partner) => !partners.has(partner))
      .slice(0, each)
      .map((textPair) => ({ text, textPair })),
  );
}
