/**
 * An encoder family: how its `config.json` and its tensor names map to ours (model/config.ts, checkpoint-tensors.ts). One file a
 * family; nothing else knows them apart.
 */
import type { FamilyName, ModelConfig } from '../config.js';

export interface Family {
  /** `model_type` of config.json. */
  readonly name: FamilyName;
  /** The reference library's class of a sequence classifier. */
  readonly architecture: string;
  /** Before the names of the encoder's tensors in a classifier; an encoder stored alone has none. */
  readonly prefix: string;
  /** Full stored names of the head's layers. */
  readonly head: { readonly dense: string; readonly out: string };
  /** Parts of our names and what stands for them, tried in this order, every one that fits. */
  readonly renames: readonly (readonly [ours: string, stored: string])[];
  /** Rows of the stored position table before the first that a text uses. */
  unusedPositions(config: Pick<ModelConfig, 'paddingToken'>): number;
  /** Fields of config.json → ours. Throws ConfigurationError. */
  read(literal: unknown): ModelConfig;
  /** ... and back, without what all families share. */
  write(config: ModelConfig): Readonly<Record<string, unknown>>;
}

const HEAD_DENSE = 'pooler.dense';
const HEAD_OUT = 'classifier';

/** Our name of a tensor → the one that the family's classifiers store. */
export function storedName(family: Family, ours: string): string {
  for (const [name, stored] of [
    [HEAD_DENSE, family.head.dense],
    [HEAD_OUT, family.head.out],
  ] as const)
    if (ours.startsWith(`${name}.`)) return stored + ours.slice(name.length);
  const renamed = family.renames.reduce((name, [from, to]) => name.replace(from, to), ours);
  return family.prefix + renamed;
}

/** A stored name without the prefix, and with today's names of LayerNorm's parameters. */
export const plainName = (family: Family, stored: string): string =>
  (stored.startsWith(family.prefix) ? stored.slice(family.prefix.length) : stored)
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
