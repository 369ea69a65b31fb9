/** `bench scaling`. */
import { availableParallelism } from 'node:os';
import type { ModelName } from '../../bench/model-sizes.js';
import type { ScalingFigure } from '../../experiments/scaling/fit.js';
import { aloneIn } from '../../util/alone-in.js';
import { UsageError } from '../../util/errors.js';
import { megabytes } from '../../util/megabytes.js';
import { note } from '../../util/note.js';
import { print, printJson, printTable } from '../output.js';
import { modelOption } from './model.js';
import { abortable, type BenchOptions } from './options.js';

const USUAL_LENGTHS = [32, 64, 128, 256, 512];
const USUAL_BATCHES = [1, 16];
const USUAL_CORES = [1, 2];

function checkLengths(lengths: readonly number[], longest: number): void {
  const isGood = (length: number) => Number.isInteger(Math.log2(length)) && length >= 8 && length <= longest;
  if (!lengths.every(isGood))
    throw new UsageError(
      `--tokens: expected powers of two from 8 to ${longest} like 32,64,128, got ${lengths}`,
    );
}

/** @throws UsageError for more processors than there are */
function coresOf({ cores }: BenchOptions): number[] {
  const most = availableParallelism();
  const tooMany = cores?.find((count) => count > most);
  if (tooMany !== undefined) throw new UsageError(`--cores: expected at most ${most} here, got ${tooMany}`);
  return cores ?? USUAL_CORES.filter((count) => count <= most);
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function printScaling({ points, exponents, savings, modelled }: ScalingFigure): void {
  printTable(
    [
      'tokens',
      'schedule',
      'network',
      'batch',
      'cores',
      'COTs',
      'seconds a run',
      'a text',
      'MB a text',
      'rounds',
      'memory: server, client MB',
    ],
    points.map(({ tokens, schedule, network, batch, cores, cots, bytes, rounds, seconds, measured }) => [
      tokens,
      schedule,
      network,
      batch,
      cores,
      cots,
      measured ? seconds.toFixed(2) : `${seconds.toFixed(2)} by the model`,
      (seconds / batch).toFixed(2),
      megabytes(bytes / batch),
      rounds,
      measured
        ? `${megabytes(measured.peakMemoryBytes.server)}, ${megabytes(measured.peakMemoryBytes.client)}`
        : '',
    ]),
  );
  if (points.some(({ measured }) => measured?.coresShared))
    print(
      'this machine has too few processors for both parties: where cores do not add up, they shared the same ones',
    );
  for (const { schedule, network, batch, cores, bytes, seconds, lengths } of exponents)
    print(
      `schedule ${schedule}, ${network}, ${count(batch, 'text')}, ${count(cores, 'core')}: bytes grow as tokens^${bytes}, seconds as tokens^${seconds} (${lengths} lengths)`,
    );
  for (const { tokens, network, batch, cores, bytes, seconds } of savings)
    print(
      `${tokens} tokens, ${network}, ${count(batch, 'text')}, ${count(cores, 'core')}: pruning saves ${bytes} times the bytes, ${seconds} times the seconds`,
    );
  print('');
  print(
    'A server of many cores by the cost model, not measured: a text alone, and as many texts at once as keep all cores busy',
  );
  printTable(
    ['cores', 'tokens', 'schedule', 'loopback s', 'LAN s', 'WAN s', 'texts a second', 'Gbit/s for them'],
    modelled.map(({ cores, tokens, schedule, seconds, textsPerSecond, gigabitsPerSecond }) => [
      cores,
      tokens,
      schedule,
      seconds.loopback,
      seconds.lan,
      seconds.wan,
      textsPerSecond,
      gigabitsPerSecond,
    ]),
  );
}

/** Makes the points that are missing; with a folder keeps all of them there, as they come. */
async function makeFigure(options: BenchOptions, model: ModelName): Promise<ScalingFigure> {
  const { benchScaling } = await import('../../experiments/scaling/scaling.js');
  const { readPoints, writeCharts, writePoints } = await import('../../experiments/scaling/point-file.js');
  const { tokens: lengths = USUAL_LENGTHS, batch: batches = USUAL_BATCHES, out, measure, cots } = options;
  const setting = { model, importantRatio: options.important };
  const known = out === undefined ? [] : await readPoints(out, setting);
  const figure = await abortable((signal) =>
    benchScaling({
      ...setting,
      lengths,
      schedules: options.schedules,
      networks: options.networks,
      batches,
      cores: coresOf(options),
      cots,
      measure,
      known,
      onPoint: async (soFar) => {
        if (out !== undefined) await writePoints(out, soFar);
      },
      onProgress: note,
      signal,
    }),
  );
  if (out === undefined) return figure;
  await writePoints(out, figure);
  for (const file of await writeCharts(out, figure)) note(`wrote ${file}`);
  return figure;
}

export async function scalingFigures(options: BenchOptions): Promise<void> {
  const { tokens = USUAL_LENGTHS, out, measure, cots } = options;
  const model = await modelOption(options.model);
  const { modelConfigOf } = await import('../../bench/model-sizes.js');
  checkLengths(tokens, modelConfigOf(model).maxPositions);
  if (!measure && cots === 'ferret') throw new UsageError('--cots: only softspoken is counted without a run');
  const make = () => makeFigure(options, model);
  const figure = await (out === undefined ? make() : aloneIn(out, make));
  if (options.json) printJson(figure);
  else printScaling(figure);
}
