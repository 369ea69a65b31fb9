/** From a fine-tuned model and texts without labels to the configuration of a run that adapts it to private inference. */
import { basename } from 'node:path';
import { runConfigFrom } from '../../config/load.js';
import { adaptationFor, describeRecipe } from '../../config/recipe.js';
import type { FileFormat } from '../../config/file-formats.js';
import { readCheckpointHead } from '../../model/checkpoint/checkpoint.js';
import { resolveCheckpoint } from '../../model/checkpoint/hub.js';
import type { OwnRun } from './own-run.js';
import { readTextRows } from './text-rows.js';

export interface FineTunedRunOptions {
  /** The model: a folder, or a name on the hub. */
  readonly model: string;
  /** Texts of the kind that it is for. */
  readonly train: string;
  readonly dev?: string | undefined;
  readonly devShare?: number | undefined;
  readonly text?: string | undefined;
  readonly textPair?: string | undefined;
  readonly format?: FileFormat | undefined;
  /** Of the task; by default the model's, or that of its folder. */
  readonly name?: string | undefined;
  /** Whether tokens are to leave; without, the model is adapted to the polynomials alone. */
  readonly prunes: boolean;
}

const LONGEST = 128;

/**
 * overrides: `key=value`, over everything else.
 * @throws CheckpointError, DatasetError or ConfigError
 */
export async function fineTunedRun(
  options: FineTunedRunOptions,
  overrides: readonly string[],
): Promise<OwnRun> {
  const { model, train, dev = null, devShare, text = null, textPair = null, format = null } = options;
  const { config, details } = await readCheckpointHead(await resolveCheckpoint(model));
  const name = options.name ?? details?.task?.name ?? basename(model);
  const asked = { text, textPair, label: null };
  const { rows, notes } = await readTextRows({ file: train, format, asked });
  const literal = {
    name,
    output: `runs/${name}`,
    task: { name, problem: config.problem, labels: config.labels, range: details?.task?.range ?? null },
    model: { checkpoint: model, maxTokens: Math.min(LONGEST, config.maxPositions) },
    data: {
      source: 'texts',
      train,
      dev,
      text,
      textPair,
      format,
      ...(devShare === undefined ? {} : { devShare }),
    },
    ...adaptationFor({ rows: rows.length, prunes: options.prunes }),
  };
  const run = runConfigFrom(literal, 'the command line', overrides);
  return { config: run, notes: [...notes, `for ${rows.length} texts: ${describeRecipe(run)}`] };
}
