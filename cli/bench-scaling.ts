/** `bench scaling`. */
import { writeFile } from 'node:fs/promises';
import { abortable, type BenchOptions } from './bench-options.js';
import { UsageError } from './errors.js';
import { megabytes, note, print, printJson, printTable } from './output.js';

function lengthsOf(text: string, longest: number): number[] {
  const lengths = text.split(/[-,]/).map(Number);
  const isGood = (length: number) => Number.isInteger(Math.log2(length)) && length >= 8 && length <= longest;
  if (lengths.length < 2 || !lengths.every(isGood))
    throw new UsageError(
      `--lengths: expected powers of two from 8 to ${longest} like 32-64-128, got ${text}`,
    );
  return lengths;
}

export async function scalingFigures(options: BenchOptions): Promise<void> {
  const { MODEL_NAMES, modelConfigOf, modelNameOf } = await import('../bench/model-sizes.js');
  const model = modelNameOf(options.model ?? '');
  if (!model)
    throw new UsageError(`--model: expected one of ${MODEL_NAMES.join(', ')}, got ${options.model}`);
  const lengths = lengthsOf(options.lengths, modelConfigOf(model).maxPositions);
  const { benchScaling } = await import('../bench/scaling.js');
  const figure = await abortable((signal) =>
    benchScaling({
      model,
      lengths,
      measure: options.measure,
      cots: options.cots ?? 'softspoken',
      importantRatio: options.important,
      onProgress: note,
      signal,
    }),
  );
  if (options.figure !== undefined) {
    const { scalingSvg } = await import('../bench/scaling-figure.js');
    await writeFile(options.figure, scalingSvg(figure));
  }
  if (options.json) return printJson(figure);
  printTable(
    ['tokens', 'schedule', 'MB', 'rounds', 'seconds'],
    figure.points.map(({ tokens, schedule, bytes, rounds, milliseconds }) => [
      tokens,
      schedule,
      megabytes(bytes),
      rounds,
      milliseconds === null ? 'not measured' : (milliseconds / 1000).toFixed(2),
    ]),
  );
  for (const { schedule, bytes, milliseconds } of figure.exponents)
    print(
      `schedule ${schedule}: bytes grow as tokens^${bytes}${milliseconds === null ? '' : `, seconds as tokens^${milliseconds}`}`,
    );
}
