/**
 * Parameters of Ferret's learning parity with noise, by name. Security is what docs/reference/security-parameters.md derives with
 * experiments/security/ (checked by its test); no other set may be used without a row there.
 */

/** An instance: 2^logTable unknown bits, trees · 2^depth samples with one noisy sample a tree, ten unknowns a sample. */
export interface FerretParameters {
  readonly name: string;
  readonly depth: number;
  readonly logTable: number;
  readonly trees: number;
  /** An iteration comes in so many parts, so that memory and latency stay small: all are one instance. Divides `trees`. */
  readonly parts: number;
}

/**
 * 1,198,080 samples of 131,072 unknowns, 1,170 of them noisy. Half the samples of the set that other implementations use with
 * trees of 2^11 (emp-ot's ferret_b11): there 72% of the unknowns have as many samples among themselves as unknowns, few enough to
 * be free of noise with 2^-68, which is below 128 bits with the linear algebra.
 */
export const FERRET_1170_10_17: FerretParameters = {
  name: 'ferret-1170-10-17',
  depth: 10,
  logTable: 17,
  trees: 1170,
  parts: 15,
};

/** Sizes that follow from the parameters, in COTs; `path` counts those that lead to the noisy places of a part. */
export function ferretSizes({ depth, logTable, trees, parts }: FerretParameters) {
  const table = 2 ** logTable;
  const partTrees = trees / parts;
  const outputs = partTrees * 2 ** depth;
  /** Of each part, kept for the next iteration. */
  const reserve = Math.ceil((table + trees * depth) / parts);
  return { table, partTrees, path: partTrees * depth, outputs, reserve, base: parts * reserve } as const;
}
