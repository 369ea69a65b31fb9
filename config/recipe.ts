/** What a run without a configuration file does: as many steps as suit the number of its rows. */

/** Rows × epochs that a phase aims at, and the bounds of its epochs: RTE's configuration, 2,490 rows, is where they come from. */
const PHASES = {
  dense: { seen: 12_500, least: 2, most: 12, learningRate: 5e-5 },
  soft: { seen: 5_000, least: 0.5, most: 5, learningRate: 3e-5 },
  hard: { seen: 3_750, least: 0.7, most: 4, learningRate: 3e-5 },
} as const;

/** Below so many rows a batch of 16 gives more steps for the same time. */
const FEW_ROWS = 1_000;

const epochsOf = (rows: number, { seen, least, most }: (typeof PHASES)[keyof typeof PHASES]): number =>
  Number(Math.min(most, Math.max(least, seen / rows)).toFixed(1));

/** Parts of a run configuration, for a data set of so many training rows. */
export function recipeFor({ rows }: { readonly rows: number }) {
  const phase = (name: keyof typeof PHASES) => ({
    epochs: epochsOf(rows, PHASES[name]),
    learningRate: PHASES[name].learningRate,
  });
  return {
    batch: { tokens: 2048, examples: rows < FEW_ROWS ? 16 : 32 },
    phases: { dense: phase('dense'), soft: phase('soft'), hard: phase('hard') },
    masks: {
      temperature: { value: 0.5, final: 0.05 },
      initial: { keepFirst: 0.98, keepLast: 0.5 },
      alpha: 0.1,
    },
    distillation: { weight: 0.7 },
  };
}
