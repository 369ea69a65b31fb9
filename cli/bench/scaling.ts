/** `bench scaling`. */
import { writeFile } from 'node:fs/promises';
import type { ScalingFigure, ScalingSetting } from '../../bench/scaling.js';
import { UsageError } from '../../util/errors.js';
import { megabytes } from '../../util/megabytes.js';
import { note } from '../../util/note.js';
import { print, printJson, printTable } from '../output.js';
import { abortable, type BenchOptions } from './options.js';

function lengthsOf(text: string, longest: number): number[] {
  const lengths = text.split(/[-,]/).map(Number);
  const isGood = (length: number) => Number.isInteger(Math.log2(length)) && length >= 8 && length <= longest;
  if (!lengths.every(isGood))
    throw new UsageError(
      `--lengths: expected powers of two from 8 to ${longest} like 32-64-128, got ${text}`,
    );
  return lengths;
}

async function settingOf(options: BenchOptions): Promise<ScalingSetting> {
  const { MODEL_NAMES, modelNameOf } = await import('../../bench/model-sizes.js');
  const model = modelNameOf(options.model ?? '');
  if (!model)
    throw new UsageError(`--model: expected one of ${MODEL_NAMES.join(', ')}, got ${options.model}`);
  if (options.network !== 'loopback')
    throw new UsageError('--network: bench scaling expects loopback; bench inference knows the others');
  const { cots = 'softspoken', important: importantRatio, measure } = options;
  if (cots !== 'softspoken' && !measure)
    throw new UsageError(`--cots: only softspoken is counted without a run; give --measure for ${cots}`);
  return { model, cots, importantRatio };
}

function printScaling({ points, exponents, savings }: ScalingFigure): void {
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(2);
  printTable(
    ['tokens', 'schedule', 'MB', 'rounds', 'seconds', 'memory: server, client MB'],
    points.map(({ tokens, schedule, bytes, rounds, measured }) => [
      tokens,
      schedule,
      megabytes(bytes),
      rounds,
      measured ? seconds(measured.milliseconds) : 'not measured',
      measured
        ? `${megabytes(measured.peakMemoryBytes.server)}, ${megabytes(measured.peakMemoryBytes.client)}`
        : '',
    ]),
  );
  for (const { schedule, bytes, milliseconds } of exponents)
    if (bytes !== null)
      print(
        `schedule ${schedule}: bytes grow as tokens^${bytes}${milliseconds === null ? '' : `, seconds as tokens^${milliseconds}`}`,
      );
  for (const { tokens, bytes, milliseconds } of savings)
    print(
      `${tokens} tokens: pruning saves ${bytes} times the bytes${milliseconds === null ? '' : `, ${milliseconds} times the seconds`}`,
    );
}

export async function scalingFigures(options: BenchOptions): Promise<void> {
  const setting = await settingOf(options);
  const { out, figure: svg } = options;
  const { modelConfigOf } = await import('../../bench/model-sizes.js');
  const { readPoints, writeFigure } = await import('../../bench/scaling-file.js');
  const { benchScaling } = await import('../../bench/scaling.js');
  const lengths = lengthsOf(options.lengths, modelConfigOf(setting.model).maxPositions);
  const known = out === undefined ? [] : await readPoints(out, setting);
  const figure = await abortable((signal) =>
    benchScaling({
      ...setting,
      lengths,
      schedules: options.schedules,
      measure: options.measure,
      known,
      onPoint: async (soFar) => {
        if (out !== undefined) await writeFigure(out, soFar);
      },
      onProgress: note,
      signal,
    }),
  );
  if (svg !== undefined) {
    const { scalingSvg } = await import('../../bench/scaling-figure.js');
    await writeFile(svg, scalingSvg(figure));
  }
  if (options.json) printJson(figure);
  else printScaling(figure);
}
