/** `bench elimination`. */
import { UsageError } from '../../util/errors.js';
import { megabytes } from '../../util/megabytes.js';
import { printJson, printTable } from '../output.js';
import { methodOption, modelOption } from './model.js';
import { type BenchOptions, single, USUAL_TOKENS } from './options.js';

export async function eliminationFigures(options: BenchOptions): Promise<void> {
  const { model, method, json } = options;
  const tokens = single('tokens', options.tokens, USUAL_TOKENS);
  const { countElimination, eliminates } = await import('../../bench/elimination.js');
  const asked = methodOption(method);
  if (!eliminates(asked)) throw new UsageError(`--method: expected one by which tokens leave, got ${method}`);
  const figure = await countElimination(await modelOption(model), asked, tokens);
  if (json) return printJson(figure);
  const { kept, bytes, rounds, correlatedOts, estimatedSeconds } = figure;
  printTable(
    ['rule of', 'tokens', 'left', 'MB', 'rounds', 'correlated OTs', 's, LAN (estimated)'],
    [[method, tokens, kept, megabytes(bytes), rounds, correlatedOts, estimatedSeconds.lan.toFixed(3)]],
  );
}
