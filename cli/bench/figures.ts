/** `bench kernels` and `bench protocols`. */

import { UsageError } from '../../util/errors.js';
import { megabytes } from '../../util/megabytes.js';
import { note } from '../../util/note.js';
import { printJson, printTable } from '../output.js';
import { abortable, type BenchOptions } from './options.js';

const perSecond = (rate: number, unit: string): string => {
  const [scale, prefix] = rate >= 1e9 ? [1e9, 'G'] : rate >= 1e6 ? [1e6, 'M'] : [1e3, 'k'];
  return `${(rate / scale).toPrecision(3)} ${prefix} ${unit}`;
};

/** @throws UsageError for a name that is none of these */
function checkOnly(only: readonly string[] | undefined, names: readonly string[]): void {
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--only: expected some of ${names.join('; ')}, got ${unknown}`);
}

export async function kernelFigures({ only, json }: BenchOptions): Promise<void> {
  const { benchKernels, kernelNames } = await import('../../bench/kernels.js');
  checkOnly(only, kernelNames());
  const figures = [];
  for await (const figure of benchKernels(only ?? null)) {
    note(`${figure.name}, ${figure.isa}: ${perSecond(figure.rate, figure.unit)}`);
    figures.push(figure);
  }
  if (json) return printJson(figures);
  printTable(
    ['kernel', 'instruction set', 'rate', 'bound', 'ratio', 'bound is'],
    figures.map(({ name, isa, rate, unit, bound, ratio, boundReason }) => [
      name,
      isa,
      perSecond(rate, unit),
      perSecond(bound, unit),
      ratio.toFixed(2),
      boundReason,
    ]),
  );
}

export async function protocolFigures({ only, network, cots, json }: BenchOptions): Promise<void> {
  const { defaultCots } = await import('../../bench/networks.js');
  const { benchProtocols, protocolNames } = await import('../../bench/protocols.js');
  checkOnly(only, protocolNames());
  const figures = await abortable((signal) =>
    benchProtocols({
      names: only ?? null,
      network,
      cots: cots ?? defaultCots(network),
      onProgress: note,
      signal,
    }),
  );
  if (json) return printJson(figures);
  printTable(
    ['protocol', 'size', 'ms', 'MB', 'rounds', 'COTs'],
    figures.map(({ name, shape, milliseconds, bytes, rounds, cots }) => [
      name,
      shape,
      milliseconds,
      megabytes(bytes),
      rounds,
      cots,
    ]),
  );
}
