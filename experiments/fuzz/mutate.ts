/** Mutations of valid inputs: bits, bytes, cuts, repeats, splices of two inputs, numbers at their borders, and values of JSON. Repeatable by seed. */

export class Words {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed | 0) === 0 ? 1 : seed | 0;
  }

  /** Of 0 to below `bound`: xorshift32. */
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

const BORDERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff];
/** What parsers of JSON look at. */
const PIECES = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '-',
  '1e999',
  'null',
  '__proto__',
  '\\u0000',
  '99999999999999999999',
  '0.5',
];

/** In the place of a value; the last but one has no text, the last one is deeper than any stack. */
const VALUES = [
  'null',
  'true',
  '[]',
  '{}',
  '"\\ud800"',
  '-0',
  '1e308',
  '{"toString":1}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
];
/** Strings and words of JSON, and what stands in brackets without others. A choice for each character would take a place on the stack for each. */
const JSON_VALUES = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|true|false|null|\{[^{}]*\}|\[[^[\]]*\]/g;

/** One value of JSON is another; nothing where there is none. */
const otherValue: Mutation = (bytes, _, words) => {
  const text = Buffer.from(bytes).toString('latin1');
  const found = [...text.matchAll(JSON_VALUES)];
  if (found.length === 0) return bytes;
  const { 0: value, index } = words.of(found);
  const rest = text.slice(index + value.length);
  return new Uint8Array(Buffer.from(`${text.slice(0, index)}${words.of(VALUES)}${rest}`, 'latin1'));
};

type Mutation = (bytes: Uint8Array, other: Uint8Array, words: Words) => Uint8Array;

const changed = (bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array => {
  const copy = bytes.slice();
  if (copy.length > 0) change(copy);
  return copy;
};
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const MUTATIONS: readonly Mutation[] = [
  (bytes, _, words) =>
    changed(bytes, (copy) => {
      copy[words.below(copy.length)]! ^= 1 << words.below(8);
    }),
  (bytes, _, words) =>
    changed(bytes, (copy) => {
      copy[words.below(copy.length)] = words.below(256);
    }),
  (bytes, _, words) =>
    changed(bytes, (copy) => {
      const view = new DataView(copy.buffer);
      if (copy.length >= 4) view.setUint32(words.below(copy.length - 3), words.of(BORDERS), true);
    }),
  (bytes, _, words) => bytes.slice(0, words.below(bytes.length + 1)),
  (bytes, _, words) => {
    const [from, to] = [words.below(bytes.length + 1), words.below(bytes.length + 1)];
    return joined(bytes.subarray(0, Math.max(from, to)), bytes.subarray(Math.min(from, to)));
  },
  (bytes, other, words) =>
    joined(bytes.subarray(0, words.below(bytes.length + 1)), other.subarray(words.below(other.length + 1))),
  (bytes, _, words) => {
    const at = words.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), Buffer.from(words.of(PIECES)), bytes.subarray(at));
  },
  otherValue,
];

/** What is put together from others is cut to so many, or to what the longest valid input has twice: it would grow from one to the next. */
export const MOST_BYTES = 2 ** 16;

/** One to four mutations of a member of the corpus, of at most `mostBytes`. */
export function mutated(corpus: readonly Uint8Array[], words: Words, mostBytes = MOST_BYTES): Uint8Array {
  let bytes = words.of(corpus);
  for (let left = 1 + words.below(4); left > 0; left--)
    bytes = words.of(MUTATIONS)(bytes, words.of(corpus), words).subarray(0, mostBytes);
  return bytes;
}
