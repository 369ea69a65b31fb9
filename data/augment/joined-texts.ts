/**
 * Further texts without labels, from those that are there: a text followed by another one. A teacher labels them (the transfer
 * set of distillation): unlike the training texts themselves it has not learned their answers by heart.
 */
import { DatasetError, type Example } from '../sources/dataset.js';
import { splitmix32 } from '../../util/splitmix32.js';
import type { FurtherText } from './further-texts.js';

/**
 * `each` joined texts for every example, its own text followed by that of an example drawn at random. The same seed gives the
 * same texts.
 * @throws DatasetError if an example has two texts
 */
export function joinedTexts(examples: readonly Example[], each: number, seed: number): FurtherText[] {
  const random = splitmix32(seed);
  return examples.flatMap((example) =>
    Array.from({ length: each }, () => {
      const partner = examples[Math.floor(random() * examples.length)]!;
      return { text: `${singleText(example)} ${singleText(partner)}`, textPair: null };
    }),
  );
}

function singleText({ index, text, textPair }: Example): string {
  if (textPair !== null) throw new DatasetError(`joined texts: example ${index}: expected one text, got two`);
  return text;
}
