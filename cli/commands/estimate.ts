/** `estimate`: seconds, bytes and rounds of a text on your own network, without running it there. */
import type { Estimate, ScheduleSource } from '../../experiments/estimate/estimate.js';
import { megabytes } from '../../util/megabytes.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { jsonOption, limitOption } from '../model-options.js';
import { optional, positiveNumber, wholeNumber, wholeNumberList } from '../options.js';
import { print, printJson, printTable } from '../output.js';
import { formatOption } from '../own-data-options.js';
import { readTexts } from '../texts.js';

type EstimateOptions = OptionsOf<typeof OPTIONS>;

/** Texts of a file that are run in the clear unless told otherwise: their mean changes little beyond. */
const USUAL_TEXTS = 50;

const SOURCES: Readonly<Record<ScheduleSource, string>> = {
  texts: 'tokens as they leave these texts',
  given: 'tokens as given with --schedule',
  schedule: 'tokens by the schedule of the model, the same for every text',
  'measured run': 'tokens as measured on the dev set of the run',
  'no token leaves': 'no token leaves: the most that a text can cost; give --file, --text or --schedule',
};

function printEstimate({
  bytes,
  rounds,
  seconds,
  network,
  source,
  tokens,
  schedule,
  machine,
  texts,
}: Estimate): void {
  const size = texts > 0 ? `mean of ${texts} texts` : `${tokens} tokens with padding`;
  print(`${size}; ${SOURCES[source]}: ${schedule.map((count) => Number(count.toFixed(1))).join(' ')}`);
  print(`${megabytes(bytes)} MB, ${Math.round(rounds)} rounds a text`);
  const rows: [string, string, string, number][] = [
    ['yours', `${network.megabitsPerSecond} Mbit/s`, `${network.roundTripMilliseconds} ms`, seconds.own],
    ['one machine', '', '', seconds.loopback],
    ['LAN', '3000 Mbit/s', '0.8 ms', seconds.lan],
    ['WAN', '200 Mbit/s', '40 ms', seconds.wan],
  ];
  printTable(
    ['network', 'bandwidth', 'round trip', 'seconds'],
    rows.map(([name, bandwidth, latency, value]) => [name, bandwidth, latency, value.toFixed(2)]),
  );
  print(
    machine === 1
      ? 'computing as on the machine that the cost model was fitted to; --measure-here fits this one'
      : `computing takes ${machine.toFixed(2)} times as long here as on the machine of the cost model`,
  );
}

async function run(options: GlobalOptions & EstimateOptions): Promise<void> {
  const { estimate } = await import('../../experiments/estimate/estimate.js');
  const {
    artifact,
    rtt,
    mbit,
    tokens = null,
    schedule = null,
    text,
    file,
    limit = USUAL_TEXTS,
    measureHere,
  } = options;
  const hasTexts = text !== undefined || file !== undefined;
  const texts = hasTexts ? (await readTexts(options)).inputs.slice(0, limit) : [];
  const network = { roundTripMilliseconds: rtt, bandwidthBitsPerSecond: mbit * 1e6 };
  const result = await estimate({ artifact, tokens, kept: schedule, texts, network, measureHere });
  if (options.json) printJson(result);
  else printEstimate(result);
}

const OPTIONS = {
  artifact: { type: 'string', demandOption: true, describe: 'Folder of the exported model' },
  rtt: {
    type: 'string',
    default: '25',
    describe: 'Round trip of your network, in milliseconds',
    coerce: positiveNumber('rtt', { orZero: true, unit: 'milliseconds' }),
  },
  mbit: {
    type: 'string',
    default: '50',
    describe: 'Its bandwidth, in Mbit/s',
    coerce: positiveNumber('mbit', { unit: 'Mbit/s' }),
  },
  tokens: {
    type: 'string',
    describe: 'Tokens of a text; 64, or as many as the model reads, by default',
    coerce: optional(wholeNumber('tokens', 2)),
  },
  schedule: {
    type: 'string',
    describe: 'Tokens that leave each layer but the last, with commas between',
    coerce: optional(wholeNumberList('schedule', 1)),
  },
  text: { type: 'string', array: true, describe: 'A text to count the tokens of', requiresArg: true },
  'text-pair': { type: 'string', array: true, describe: 'Its second text', requiresArg: true },
  file: { type: 'string', describe: 'Texts to count the tokens of', requiresArg: true },
  format: formatOption,
  limit: limitOption,
  'measure-here': {
    type: 'boolean',
    default: false,
    describe: 'Run two texts privately here first, to fit how fast this machine is',
  },
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'estimate',
  describe: 'Estimate seconds, bytes and rounds of a text on your network',
  options: OPTIONS,
  handler: run,
});
