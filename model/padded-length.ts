/** Padded lengths: texts of different lengths look alike within one. */

const SHORTEST = 8;

/** The padded length of so many tokens: powers of two, at least 8. */
export function bucketOf(tokens: number): number {
  let bucket = SHORTEST;
  while (bucket < tokens) bucket *= 2;
  return bucket;
}

/** All padded lengths of a model whose longest input has `maxTokens`. */
export function bucketsUpTo(maxTokens: number): number[] {
  const buckets: number[] = [];
  for (let bucket = SHORTEST; bucket <= bucketOf(maxTokens); bucket *= 2) buckets.push(bucket);
  return buckets;
}

export const SHORTEST_BUCKET = SHORTEST;
