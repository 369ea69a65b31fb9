/** What a run without a configuration file does: as many steps as suit the number of its rows. */
import type { RunConfig } from './schema.js';

interface PhaseRecipe {
  /** Rows × epochs that a phase aims at, and the bounds of its epochs. */
  readonly seen: number;
  readonly least: number;
  readonly most: number;
  readonly learningRate: number;
}

type Phases = Readonly<Record<'dense' | 'soft' | 'hard', PhaseRecipe>>;

/** From RTE's configuration, 2,490 rows. A few hundred rows get more epochs: thresholds need some hundred steps to settle. */
const LEARN: Phases = {
  dense: { seen: 12_500, least: 2, most: 15, learningRate: 5e-5 },
  soft: { seen: 5_000, least: 0.5, most: 12, learningRate: 3e-5 },
  hard: { seen: 3_750, least: 0.7, most: 10, learningRate: 3e-5 },
};

/** A model that is fine-tuned already has to get used to other functions, and to fewer tokens. */
const ADAPT: Phases = {
  ...LEARN,
  dense: { seen: 3_000, least: 0.1, most: 5, learningRate: 2e-5 },
};

/** Below so many rows a batch of 16 gives more steps for the same time. */
const FEW_ROWS = 1_000;

const epochsOf = (rows: number, { seen, least, most }: PhaseRecipe): number =>
  Number(Math.min(most, Math.max(least, seen / rows)).toFixed(1));

function recipe(rows: number, recipes: Phases) {
  const phase = (name: keyof Phases) => ({
    epochs: epochsOf(rows, recipes[name]),
    learningRate: recipes[name].learningRate,
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

/** Parts of a run configuration, for a data set of so many training rows. */
export const recipeFor = ({ rows }: { readonly rows: number }) => recipe(rows, LEARN);

/** The same for a fine-tuned model that is adapted by its own answers, to the functions alone or to masks too. */
export function adaptationFor({ rows, prunes }: { readonly rows: number; readonly prunes: boolean }) {
  const { masks, ...rest } = recipe(rows, ADAPT);
  return {
    ...rest,
    masks: { ...masks, mode: prunes ? 'prune-reduce' : 'none' },
    distillation: { weight: 1, fromStart: true },
  };
}

/** "12.0, 7.1 and 5.4 epochs (dense, soft, hard) in batches of 16, at rates of 5e-5, 3e-5 and 3e-5". */
export function describeRecipe({ batch, phases }: Pick<RunConfig, 'batch' | 'phases'>): string {
  const all = [phases.dense, phases.soft, phases.hard];
  const list = (values: readonly string[]): string =>
    `${values.slice(0, -1).join(', ')} and ${values.at(-1)}`;
  const epochs = list(all.map((phase) => String(phase.epochs)));
  const rates = list(all.map(({ learningRate }) => learningRate.toExponential()));
  return `${epochs} epochs (dense, soft, hard) in batches of ${batch.examples}, at rates of ${rates}`;
}
