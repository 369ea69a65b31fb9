/** `bench inference`. */
import type { CountedFigure, NodesCountedFigure } from '../../bench/counted.js';
import type { InferenceFigure } from '../../bench/inference-figure.js';
import type { ModelName } from '../../bench/model-sizes.js';
import type { NodesFigure } from '../../bench/three-party/inference.js';
import type { Timeline } from '../../bench/timeline/timeline.js';
import type { PartyId } from '../../inference/core/tensors.js';
import { dense } from '../../methods/cipherprune/index.js';
import type { Method } from '../../methods/method.js';
import { UsageError } from '../../util/errors.js';
import { megabytes } from '../../util/megabytes.js';
import { note } from '../../util/note.js';
import { print, printJson, printTable } from '../output.js';
import { methodOption, modelOption } from './model.js';
import { abortable, type BenchOptions, single, USUAL_TOKENS } from './options.js';
import { checkWritable } from '../../util/make-directory.js';

/** The numbers that matter, on one line each; the breakdown below. */
function printInference(figure: InferenceFigure): void {
  const memory = ({ server, client }: Readonly<Record<PartyId, number>>) =>
    `${megabytes(server)} / ${megabytes(client)}`;
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(2);
  printTable(
    [`${figure.model}, ${figure.tokens} tokens, ${figure.method}`, 'seconds', 'MB', 'rounds'],
    [
      [
        figure.batch === 1 ? 'inference' : `inference of ${figure.batch} texts`,
        seconds(figure.milliseconds),
        megabytes(figure.bytes),
        figure.rounds,
      ],
      ...(figure.batch === 1
        ? []
        : [['each text', seconds(figure.perText.milliseconds), megabytes(figure.perText.bytes), '']]),
      ['made ahead, each text', seconds(figure.offlineMilliseconds), megabytes(figure.offlineBytes), ''],
    ],
  );
  const { ahead } = figure;
  if (ahead)
    print(
      `pools for ${figure.texts} ${figure.texts === 1 ? 'text' : 'texts'}: ${seconds(ahead.milliseconds)} s, ${megabytes(ahead.bytes)} MB, ${ahead.rounds} rounds, processor time ${seconds(ahead.cpuMilliseconds.server)} + ${seconds(ahead.cpuMilliseconds.client)} s; they hold ${megabytes(ahead.poolBytes.server)} MB at the server, ${megabytes(ahead.poolBytes.client)} MB at the client`,
    );
  const { residentWeights } = figure;
  if (residentWeights)
    print(
      `weights that stay at the client: ${megabytes(residentWeights.keptBytes)} MB, ${seconds(residentWeights.milliseconds)} s, ${megabytes(residentWeights.bytes)} MB on the way, once`,
    );
  print(`memory, server / client: ${memory(figure.peakMemoryBytes)} MB`);
  const { server, client } = figure.cpuMilliseconds;
  print(`processor time: server ${seconds(server)} s, client ${seconds(client)} s`);
  const error = figure.maxAbsError;
  print(
    `largest difference to the cleartext logits: ${error === null ? 'not checked' : error.toPrecision(2)}`,
  );
  const cost = ({ milliseconds, bytes, rounds }: { milliseconds: number; bytes: number; rounds: number }) => [
    seconds(milliseconds),
    megabytes(bytes),
    rounds,
  ];
  printTable(
    ['layer', 'kept', 'important', 'seconds', 'MB', 'rounds', 'MB of memory, server / client'],
    figure.layers.map((layer, index) => [
      index,
      layer.kept,
      layer.important,
      ...cost(layer),
      memory(layer.memoryBytes),
    ]),
  );
  printTable(
    ['protocol (they contain each other)', 'seconds', 'MB', 'rounds', 'MB of memory, server / client'],
    figure.protocols.map((protocol) => [protocol.name, ...cost(protocol), memory(protocol.memoryBytes)]),
  );
}

/** What each party did in each function, and how much of the time both were busy. */
function printTimeline({ milliseconds, busy, parties }: Timeline): void {
  const whole = (time: number) => time.toFixed(0);
  printTable(
    ['busy', 'ms', 'of all'],
    busy.map((one) => [
      one.parties.join(' and ') || 'nobody',
      whole(one.milliseconds),
      `${((100 * one.milliseconds) / milliseconds).toFixed(0)}%`,
    ]),
  );
  for (const [party, { steps, total }] of Object.entries(parties))
    printTable(
      [party, 'computes, ms', 'kernels in threads', 'waits for the peer'],
      [{ step: 'all', ...total }, ...steps].map(({ step, ...times }) => [
        step,
        whole(times.computing),
        whole(times.threads),
        whole(times.waiting),
      ]),
    );
}

/** Without what the files hold. */
const timelineSummary = ({ parties, ...all }: Timeline) => ({
  ...all,
  parties: Object.fromEntries(
    Object.entries(parties).map(([party, { steps, total }]) => [party, { total, steps }]),
  ),
});

async function writtenTimeline(
  folder: string,
  { model, tokens, method }: InferenceFigure,
  timeline: Timeline,
) {
  const { writeTimeline } = await import('../../experiments/timeline/timeline-files.js');
  const files = await writeTimeline(folder, `${model}, ${tokens} tokens, ${method}`, timeline);
  for (const file of files) note(`wrote ${file}`);
}

function printCounted(figure: CountedFigure | NodesCountedFigure): void {
  const { model, tokens, method, parties, bytes, rounds, estimatedSeconds, protocols } = figure;
  const seconds = Object.entries(estimatedSeconds ?? {}).map(
    ([network, value]) => `${value.toFixed(2)} s ${network}`,
  );
  const who = parties === 3 ? ', three nodes' : '';
  print(
    `${model}, ${tokens} tokens, ${method}${who}: ${megabytes(bytes)} MB, ${rounds} rounds` +
      (seconds.length === 0 ? '' : `; estimated ${seconds.join(', ')}`),
  );
  if ('residentWeights' in figure && figure.residentWeights)
    print(`weights that stay at the client: ${megabytes(figure.residentWeights.keptBytes)} MB, once`);
  printTable(
    ['protocol (they contain each other)', 'MB', 'rounds'],
    protocols.map((protocol) => [protocol.name, megabytes(protocol.bytes), protocol.rounds]),
  );
}

/** Padded tokens of one protocol run, as a server allows them. */
const MOST_BATCH_TOKENS = 2048;

/** @throws UsageError if the texts are no whole number of batches, or a batch is too large */
function countsOf(options: BenchOptions, tokens: number): { batch: number; texts: number } {
  const batch = single('batch', options.batch, 1);
  const { texts = batch } = options;
  if (batch > 1 && batch * tokens > MOST_BATCH_TOKENS)
    throw new UsageError(
      `--batch: expected at most ${Math.floor(MOST_BATCH_TOKENS / tokens)} texts of ${tokens} tokens, got ${batch}`,
    );
  if (texts % batch !== 0)
    throw new UsageError(`--texts: expected a multiple of --batch ${batch}, got ${texts}`);
  return { batch, texts };
}

function printNodes(figure: NodesFigure): void {
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(2);
  const cost = ({ milliseconds, bytes, rounds }: { milliseconds: number; bytes: number; rounds: number }) => [
    seconds(milliseconds),
    megabytes(bytes),
    rounds,
  ];
  const { model, tokens, method, peakMemoryBytes: memory, cpuMilliseconds: cpu, maxAbsError: error } = figure;
  printTable(
    [`${model}, ${tokens} tokens, ${method}, three nodes`, 'seconds', 'MB', 'rounds'],
    [
      [figure.batch === 1 ? 'inference' : `inference of ${figure.batch} texts`, ...cost(figure)],
      ['of it the client', '', megabytes(figure.clientBytes), ''],
      ['weights prepared, with a first text', seconds(figure.offlineMilliseconds), '', ''],
    ],
  );
  const own = figure.ownMemoryBytes;
  print(
    `memory, nodes / client: ${memory.nodes.map(megabytes).join(' + ')} / ${megabytes(memory.client)} MB; Node alone takes ${megabytes(figure.bareMemoryBytes)}${own === null ? '' : `; of the client ${megabytes(own)} are shared with no other process`}`,
  );
  const { first, later } = figure.connections;
  print(
    `a client's first connection: ${seconds(first.milliseconds)} s, ${megabytes(first.bytes)} MB, ${megabytes(first.peakMemoryBytes)} MB of memory; a later one: ${seconds(later.milliseconds)} s, ${megabytes(later.bytes)} MB`,
  );
  print(`processor time: nodes ${cpu.nodes.map(seconds).join(' + ')} s, client ${seconds(cpu.client)} s`);
  print(
    `largest difference to the cleartext logits: ${error === null ? 'not checked' : error.toPrecision(2)}`,
  );
  printTable(
    ['layer', 'kept', 'important', 'seconds', 'MB', 'rounds'],
    figure.layers.map((layer, index) => [index, layer.kept, layer.important, ...cost(layer)]),
  );
  printTable(
    ['protocol (they contain each other)', 'seconds', 'MB', 'rounds'],
    figure.protocols.map((protocol) => [protocol.name, ...cost(protocol)]),
  );
}

/** `--parties 3`. */
async function nodesFigures({
  options,
  ...shape
}: {
  readonly options: BenchOptions;
  readonly model: ModelName;
  readonly method: Method;
  readonly tokens: number;
  readonly schedule: readonly number[] | null;
}): Promise<void> {
  const { network, suite, json, preprocess, check, seed, important: importantRatio } = options;
  if (options.residentWeights)
    throw new UsageError('--resident-weights: expected two parties, got --parties 3');
  if (options.counted) {
    const { countNodesInference } = await import('../../bench/counted.js');
    const counted = await countNodesInference({ ...shape, importantRatio });
    return json ? printJson(counted) : printCounted(counted);
  }
  if (preprocess) throw new UsageError('--preprocess: three nodes make nothing ahead');
  const counts = countsOf(options, shape.tokens);
  const { benchNodes } = await import('../../bench/three-party/inference.js');
  const figure = await abortable((signal) =>
    benchNodes({
      ...shape,
      ...counts,
      network,
      suite,
      importantRatio,
      check,
      seed,
      onProgress: note,
      signal,
    }),
  );
  if (json) printJson(figure);
  else printNodes(figure);
}

export async function inferenceFigures(options: BenchOptions): Promise<void> {
  const { modelConfigOf, parseSchedule, ScheduleError } = await import('../../bench/model-sizes.js');
  const model = await modelOption(options.model);
  const { network, json } = options;
  const tokens = single('tokens', options.tokens, USUAL_TOKENS);
  const { maxPositions } = modelConfigOf(model);
  if (tokens > maxPositions)
    throw new UsageError(`--tokens: expected at most ${maxPositions}, got ${tokens}`);
  const asked = methodOption(options.method);
  const schedule = (() => {
    try {
      return asked.learns === 'nothing' ? null : parseSchedule(options.schedule, model, tokens);
    } catch (error) {
      throw error instanceof ScheduleError ? new UsageError(`--schedule: ${error.message}`) : error;
    }
  })();
  const method = asked.learns !== 'nothing' && schedule === null ? dense : asked;
  if (options.timeline !== undefined && (options.parties === 3 || options.counted))
    throw new UsageError('--timeline: expected a run of two parties, got --parties 3 or --counted');
  if (options.timeline !== undefined) await checkWritable(options.timeline);
  if (options.parties === 3) return nodesFigures({ options, model, method, tokens, schedule });
  if (options.counted) {
    if (options.preprocess)
      throw new UsageError('--counted: expected a text on demand; --preprocess is measured by a run');
    const { countInference } = await import('../../bench/counted.js');
    const { defaultCots, defaultLine, isMutual } = await import('../../bench/networks.js');
    const { checks, residentWeights, multiply, network } = options;
    const counted = {
      model,
      method,
      tokens,
      schedule,
      importantRatio: options.important,
      checks,
      residentWeights,
      mutual: isMutual(network, multiply),
      cots: options.cots ?? defaultCots(network),
      line: options.line ?? defaultLine(network),
    };
    const figure = await countInference(counted);
    return json ? printJson(figure) : printCounted(figure);
  }
  const { batch, texts } = countsOf(options, tokens);
  const { defaultCots, defaultLine, isMutual } = await import('../../bench/networks.js');
  const { benchInference } = await import('../../bench/inference.js');
  const figure = await abortable((signal) =>
    benchInference({
      model,
      method,
      tokens,
      schedule,
      network,
      cots: options.cots ?? defaultCots(network),
      line: options.line ?? defaultLine(network),
      checks: options.checks,
      ...(options.suite ? { suite: options.suite } : {}),
      mutual: isMutual(network, options.multiply),
      importantRatio: options.important,
      preprocess: options.preprocess,
      residentWeights: options.residentWeights,
      batch,
      texts,
      check: options.check,
      seed: options.seed,
      timeline: options.timeline !== undefined,
      onProgress: note,
      signal,
    }),
  );
  const { timeline } = figure;
  if (timeline) await writtenTimeline(options.timeline!, figure, timeline);
  if (json) return printJson({ ...figure, timeline: timeline && timelineSummary(timeline) });
  printInference(figure);
  if (timeline) printTimeline(timeline);
}
