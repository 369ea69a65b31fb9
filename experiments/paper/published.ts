/**
 * Figures that others published, for the columns that say so. Each with its source; nothing of it is ever mixed with ours. What a
 * paper does not say, or what was not at hand when this was written, is not here.
 */
import type { ModelName } from '../../bench/model-sizes.js';

export interface PublishedCost {
  /** The system by the name of our method. */
  readonly method: string;
  readonly model: ModelName;
  readonly tokens: number;
  readonly parties: 2 | 3;
  readonly seconds: number | null;
  readonly bytes: number | null;
  readonly source: string;
}

const CIPHERPRUNE = 'CipherPrune (ICLR 2025), Table 1: many cores, LAN of 3 Gbit/s and 0.8 ms';
const base = { model: 'bert-base', tokens: 128 } as const;

export const PUBLISHED: readonly PublishedCost[] = [
  { ...base, method: 'iron', parties: 2, seconds: 1087.8, bytes: 281e9, source: CIPHERPRUNE },
  { ...base, method: 'bolt-no-we', parties: 2, seconds: 484.5, bytes: 59.6e9, source: CIPHERPRUNE },
  { ...base, method: 'bolt', parties: 2, seconds: 245.4, bytes: 25.7e9, source: CIPHERPRUNE },
  { ...base, method: 'cipherprune', parties: 2, seconds: 79.1, bytes: 9.7e9, source: CIPHERPRUNE },
  {
    ...base,
    method: 'bumblebee',
    parties: 2,
    seconds: 300,
    bytes: null,
    source: 'BumbleBee (NDSS 2025), as others ran it: 290 to 310 s on one host, 6.2 GB from one side alone',
  },
  {
    ...base,
    method: 'puma',
    parties: 3,
    seconds: 33.9,
    bytes: 10.8e9,
    source: 'PUMA (2023)',
  },
  {
    ...base,
    method: 'mpcformer',
    parties: 3,
    seconds: 19,
    bytes: 6.9e9,
    source: 'MPCFormer (ICLR 2023)',
  },
];

export const publishedCost = (
  method: string,
  model: ModelName,
  tokens: number,
  parties: 2 | 3,
): PublishedCost | null =>
  PUBLISHED.find(
    (one) => one.method === method && one.model === model && one.tokens === tokens && one.parties === parties,
  ) ?? null;
