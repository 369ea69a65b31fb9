/** A part of the training rows is held out to measure on, where there is no file for that. */

import type { Example } from './dataset.js';
import { DatasetError } from './dataset-error.js';
import { splitmix32 } from '../../util/splitmix32.js';

interface Parts {
  readonly train: Example[];
  readonly dev: Example[];
}

const textOf = ({ text, textPair }: Example): string => JSON.stringify([text, textPair]);

/** Examples of equal texts together: none of them may be on both sides. */
function groupsByText(examples: readonly Example[]): Example[][] {
  const groups = new Map<string, Example[]>();
  for (const example of examples) {
    const text = textOf(example);
    const group = groups.get(text);
    if (group) group.push(example);
    else groups.set(text, [example]);
  }
  return [...groups.values()];
}

/** Numbers of a regression are one stratum. */
function strata(groups: readonly Example[][], isStratified: boolean): Example[][][] {
  const byLabel = new Map<number | null, Example[][]>();
  for (const group of groups) {
    const label = isStratified ? group[0]!.label : null;
    byLabel.set(label, [...(byLabel.get(label) ?? []), group]);
  }
  return [...byLabel.values()];
}

/** Draws `count` of the groups, at random but always the same ones. */
function draw(groups: readonly Example[][], count: number, random: () => number): Example[] {
  const left = [...groups];
  const drawn = Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0]!);
  return drawn.flat();
}

/**
 * Holds out a share of every class (at least one example of a class that has two), in the order of the file. Equal texts stay
 * together. `isStratified`: labels are classes.
 * @throws DatasetError if nothing is left on either side
 */
export function holdOut(
  examples: readonly Example[],
  {
    share,
    seed,
    isStratified,
  }: { readonly share: number; readonly seed: number; readonly isStratified: boolean },
): Parts {
  const random = splitmix32(seed);
  const held = new Set(
    strata(groupsByText(examples), isStratified).flatMap((groups) => {
      const wanted = Math.round(share * groups.length);
      return draw(groups, Math.min(groups.length - 1, Math.max(1, wanted)), random);
    }),
  );
  const parts = {
    train: examples.filter((example) => !held.has(example)),
    dev: examples.filter((example) => held.has(example)),
  };
  if (parts.train.length === 0 || parts.dev.length === 0)
    throw new DatasetError(
      `expected enough rows to hold some of them out, got ${examples.length} (${examples.length === 1 ? 'one row' : 'too few different texts of every class'}); give --dev FILE`,
    );
  return parts;
}
