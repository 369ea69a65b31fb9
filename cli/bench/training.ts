/** `bench training`. */
import { availableParallelism } from 'node:os';
import { UsageError } from '../../util/errors.js';
import { printJson, printTable } from '../output.js';
import { type BenchOptions, single, USUAL_TOKENS } from './options.js';

const DEFAULT_BATCH = 16;

export async function trainingFigures({
  model,
  tokens: lengths,
  batch: batches,
  seed,
  precision,
  threads = availableParallelism(),
  json,
}: BenchOptions): Promise<void> {
  const { MODEL_NAMES, modelNameOf } = await import('../../bench/model-sizes.js');
  const { benchTraining } = await import('../../bench/training.js');
  const tokens = single('tokens', lengths, USUAL_TOKENS);
  const batch = single('batch', batches, DEFAULT_BATCH);
  const name = modelNameOf(model ?? 'minilm');
  if (name === null) throw new UsageError(`--model: expected one of ${MODEL_NAMES.join(', ')}, got ${model}`);
  const figure = await benchTraining({ model: name, tokens, batch, seed, precision, threads });
  if (json) return printJson(figure);
  printTable(
    [
      'model',
      'tokens',
      'batch',
      'backend',
      'precision',
      'threads',
      'ms a step',
      'processor ms',
      'examples/s',
      'GFLOP/s',
    ],
    [
      [
        figure.model,
        figure.tokens,
        figure.batch,
        figure.backend,
        figure.precision,
        figure.threads,
        figure.millisecondsPerStep.toFixed(1),
        figure.processorMillisecondsPerStep.toFixed(1),
        figure.examplesPerSecond.toFixed(0),
        figure.gflops.toFixed(1),
      ],
    ],
  );
}
