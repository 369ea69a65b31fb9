/**
 * A small set of sentences about films with their sentiment, made by a seeded grammar: for tests and for first steps
 * without any download. Negations flip the sentiment and most words carry none, so that a model must find the few
 * tokens that matter: the rest can be pruned.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Example } from './dataset.js';
import { tasks } from './tasks.js';
import { makeDirectory } from '../../util/make-directory.js';
import { splitmix32 } from '../../util/splitmix32.js';

const words = {
  subject: [
    'the film',
    'this movie',
    'the story',
    'the script',
    'the cast',
    'the ending',
    'the direction',
    'its plot',
  ],
  adverb: ['often', 'really', 'at times', 'quite', 'for the most part', 'in the end', 'perhaps', 'simply'],
  good: [
    'charming',
    'brilliant',
    'funny',
    'moving',
    'gripping',
    'delightful',
    'clever',
    'warm',
    'fresh',
    'superb',
  ],
  bad: ['dull', 'tedious', 'clumsy', 'bland', 'silly', 'hollow', 'messy', 'stale', 'awful', 'lifeless'],
  aside: [
    'despite its length',
    'as the credits roll',
    'in a crowded season',
    'with a small budget',
    'set in a quiet town',
    'based on a short novel',
    'like many of its kind',
    'shot in black and white',
  ],
  audience: ['viewers', 'critics', 'children', 'fans of the book', 'the whole family', 'most people'],
  praise: ['will love it', 'will leave happy', 'will want more', 'are in for a treat'],
  blame: ['will hate it', 'will leave early', 'will want a refund', 'are in for a long night'],
} as const;

type WordClass = keyof typeof words;

class Grammar {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = splitmix32(seed);
  }

  private pick = (from: WordClass): string => words[from][Math.floor(this.random() * words[from].length)]!;
  private chance = (probability: number): boolean => this.random() < probability;

  /** 'really charming' or its opposite 'not dull'. */
  private quality(positive: boolean): string {
    const negated = this.chance(0.25);
    const adjective = this.pick(positive !== negated ? 'good' : 'bad');
    if (negated) return `not ${adjective}`;
    return this.chance(0.4) ? `${this.pick('adverb')} ${adjective}` : adjective;
  }

  private clause(positive: boolean): string {
    if (this.chance(0.3)) return `${this.pick('audience')} ${this.pick(positive ? 'praise' : 'blame')}`;
    const second = this.chance(0.3) ? ` and ${this.quality(positive)}` : '';
    return `${this.pick('subject')} is ${this.quality(positive)}${second}`;
  }

  /** A sentence of one sentiment; a concession ('but') gives its second clause the last word. */
  sentence(positive: boolean): string {
    const before = this.chance(0.35) ? `${this.pick('aside')} , ` : '';
    const after = this.chance(0.35) ? ` ${this.pick('aside')}` : '';
    const concession = this.chance(0.2) ? `${this.clause(!positive)} , but ` : '';
    return `${before}${concession}${this.clause(positive)}${after} .`;
  }

  example(index: number): Example {
    const label = this.chance(0.5) ? 1 : 0;
    return { index, text: this.sentence(label === 1), textPair: null, label };
  }
}

export interface SyntheticOptions {
  readonly seed: number;
  readonly train: number;
  readonly dev: number;
}

export interface SyntheticData {
  readonly train: readonly Example[];
  readonly dev: readonly Example[];
}

/** Sentences with sentiment 0 or 1; train and dev share none. */
export function generateSynthetic({ seed, train, dev }: SyntheticOptions): SyntheticData {
  const grammar = new Grammar(seed);
  const seen = new Set<string>();
  const draw = (count: number): Example[] => {
    const examples: Example[] = [];
    while (examples.length < count) {
      const example = grammar.example(examples.length);
      if (seen.has(example.text)) continue;
      seen.add(example.text);
      examples.push(example);
    }
    return examples;
  };
  return { train: draw(train), dev: draw(dev) };
}

const toTsv = (examples: readonly Example[]): string =>
  ['sentence\tlabel', ...examples.map(({ text, label }) => `${text}\t${label}`), ''].join('\n');

/** Writes the set in GLUE's layout of SST-2 below a directory. */
export async function writeSynthetic(directory: string, options: SyntheticOptions): Promise<void> {
  const { folder, files } = tasks.sst2;
  const data = generateSynthetic(options);
  await makeDirectory(join(directory, folder));
  await writeFile(join(directory, folder, files.train), toTsv(data.train));
  await writeFile(join(directory, folder, files.dev), toTsv(data.dev));
}
