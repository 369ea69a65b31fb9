/** `bench`: figures of kernels, protocols and whole inferences on this machine. */
import type { Argv } from 'yargs';
import type { NetworkName } from '../../bench/networks.js';
import type { Command, GlobalOptions } from '../commands.js';
import { UsageError } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { megabytes, note, printJson, printTable } from '../output.js';

interface BenchOptions {
  readonly figures: 'kernels' | 'protocols';
  readonly only?: readonly string[] | undefined;
  readonly network: NetworkName;
  readonly json: boolean;
}

/** Aborts what the body started when the user interrupts. */
async function abortable<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const forget = onInterrupt(() => controller.abort());
  try {
    return await body(controller.signal);
  } finally {
    forget();
  }
}

const perSecond = (rate: number, unit: string): string => {
  const [scale, prefix] = rate >= 1e9 ? [1e9, 'G'] : rate >= 1e6 ? [1e6, 'M'] : [1e3, 'k'];
  return `${(rate / scale).toPrecision(3)} ${prefix} ${unit}`;
};

async function kernelFigures({ only, json }: BenchOptions): Promise<void> {
  const { benchKernels } = await import('../../bench/kernels.js');
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

async function protocolFigures({ only, network, json }: BenchOptions): Promise<void> {
  const { benchProtocols, protocolNames } = await import('../../bench/protocols.js');
  const unknown = only?.find((name) => !protocolNames().includes(name));
  if (unknown) throw new UsageError(`--only: expected some of ${protocolNames().join('; ')}, got ${unknown}`);
  const figures = await abortable((signal) =>
    benchProtocols({ names: only ?? null, network, onProgress: note, signal }),
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

async function bench(options: GlobalOptions & BenchOptions): Promise<void> {
  if (options.network !== 'loopback')
    note(`the ${options.network} network is imitated by delaying messages in the sender, not by the system`);
  if (options.figures === 'kernels') return kernelFigures(options);
  return protocolFigures(options);
}

export const command: Command<BenchOptions> = {
  command: 'bench <figures>',
  describe: 'Measure kernels, protocols, or an inference with random weights, on this machine',
  builder: (yargs: Argv<GlobalOptions>) =>
    yargs.positional('figures', { choices: ['kernels', 'protocols'] as const, demandOption: true }).options({
      only: { type: 'string', array: true, describe: 'Only these kernels or protocols', requiresArg: true },
      network: {
        choices: ['loopback', 'lan', 'wan'] as const,
        default: 'loopback' as const,
        describe: 'lan: 3 Gbit/s, 0.8 ms; wan: 200 Mbit/s, 40 ms',
      },
      json: { type: 'boolean', default: false, describe: 'Print nothing but JSON on standard output' },
    }) as unknown as Argv<GlobalOptions & BenchOptions>,
  handler: bench,
};
