/** Options of `bench`, and what its figures share. */

import { onInterrupt } from '../../util/interrupt.js';
import type { OptionsOf } from '../command.js';
import { UsageError } from '../../util/errors.js';
import { LINE_SPEEDS } from '../../inference/core/line-speed.js';
import { checksOption, multiplyOption, suiteOption } from '../model-options.js';
import { fraction, optional, positiveNumber, wholeNumber, wholeNumberList } from '../options.js';

export const POSITIONALS = {
  figures: {
    choices: ['kernels', 'protocols', 'inference', 'training', 'scaling', 'elimination', 'service'] as const,
    demandOption: true,
  },
  part: {
    choices: ['load', 'faults', 'soak'] as const,
    describe: 'service: only this; all of it unless given',
  },
} as const;

export const OPTIONS = {
  only: { type: 'string', array: true, describe: 'Only these kernels or protocols', requiresArg: true },
  model: {
    type: 'string',
    describe: 'tiny, mini, small, medium, base or large of BERT, or minilm (6 layers of width 384)',
    requiresArg: true,
  },
  tokens: {
    type: 'string',
    describe: 'Length of the text, special tokens included (128); scaling: powers of two (32,64,128,256,512)',
    coerce: optional(wholeNumberList('tokens', 2)),
  },
  batch: {
    type: 'string',
    describe: 'Sentences in a training step (16), or in one protocol run of inference (1); scaling: (1,16)',
    coerce: optional(wholeNumberList('batch', 1)),
  },
  texts: {
    type: 'string',
    describe:
      'inference: texts in all, one protocol run after another (one batch); service load: of each client (1)',
    coerce: optional(wholeNumber('texts', 1)),
  },
  precision: {
    choices: ['float32', 'bf16'] as const,
    default: 'float32' as const,
    describe: 'Of the matrix products in a training step',
  },
  threads: {
    type: 'string',
    describe: 'Of a training step; one a processor if not given',
    requiresArg: true,
    coerce: wholeNumber('threads', 1, 16),
  },
  method: {
    type: 'string',
    default: 'cipherprune',
    describe: 'inference and elimination: the method by its name (methods/)',
    requiresArg: true,
  },
  parties: {
    type: 'string',
    default: '2',
    describe: 'inference: 2, or 3 nodes and a client, each a process of its own',
    coerce: wholeNumber('parties', 2, 3),
  },
  schedule: {
    type: 'string',
    default: 'paper',
    describe:
      'Tokens that each layer computes on: paper, none (a model that does not prune), or 128-55-52-...',
    requiresArg: true,
  },
  important: {
    type: 'string',
    default: '0.5',
    describe: 'Share of the kept tokens that stay in high degree',
    coerce: fraction('important'),
  },
  preprocess: {
    type: 'boolean',
    default: false,
    describe: 'inference: make material for all texts before the first; both costs are reported apart',
  },
  'resident-weights': {
    type: 'boolean',
    default: false,
    describe:
      'inference: the client has the weights, encrypted, before the first text (infer --resident-weights); what that took is reported apart',
  },
  timeline: {
    type: 'string',
    describe:
      'inference of two parties: folder for timeline.json and timeline.html: when each party computed and when it waited for the other during the first text, by function',
    requiresArg: true,
  },
  counted: {
    type: 'boolean',
    default: false,
    describe:
      'inference: bytes and rounds by shapes alone; nothing runs; of two parties also estimated seconds',
  },
  check: { type: 'boolean', default: true, describe: 'Compare with the cleartext backend' },
  seed: {
    type: 'string',
    default: '1',
    describe: 'Of the random weights and the random text',
    coerce: wholeNumber('seed', 0, 2 ** 31),
  },
  network: {
    choices: ['loopback', 'lan', 'wan'] as const,
    default: 'loopback' as const,
    describe: 'lan: 3 Gbit/s, 0.8 ms there and back; wan: 200 Mbit/s, 40 ms',
  },
  networks: {
    choices: ['loopback', 'lan', 'wan'] as const,
    array: true,
    default: ['loopback', 'lan', 'wan'] as const,
    describe: 'scaling: on these networks',
  },
  cores: {
    type: 'string',
    describe: 'scaling: processors of each party (1,2, as far as the machine has them; Linux)',
    coerce: optional(wholeNumberList('cores', 1)),
  },
  schedules: {
    choices: ['paper', 'none'] as const,
    array: true,
    default: ['paper'] as const,
    describe: 'scaling: with pruning, without, or both',
  },
  measure: {
    type: 'boolean',
    default: true,
    describe:
      'scaling: run every point; --no-measure counts bytes and rounds of one text and takes seconds from the cost model',
  },
  out: {
    type: 'string',
    describe:
      'scaling: folder for scaling.json and figures (SVG, PNG); points that it has are not made again; service: folder for service.json and service.md',
    requiresArg: true,
  },
  checks: checksOption,
  suite: suiteOption,
  multiply: multiplyOption,
  line: {
    choices: LINE_SPEEDS,
    describe:
      'inference: how fast the parties take the line to be: slow for fewer bytes and more work (default for wan), else fast',
  },
  cots: {
    choices: ['softspoken', 'ferret'] as const,
    describe: 'softspoken: least time (default); ferret: fewest bytes (default for wan)',
  },
  artifact: {
    type: 'string',
    describe: 'service: the model to serve; the demo model unless given',
    requiresArg: true,
  },
  clients: {
    type: 'string',
    describe: 'service: clients at once; load: a row for each number (1,8,32,100); soak: the first (4)',
    coerce: optional(wholeNumberList('clients', 1)),
  },
  workers: {
    type: 'string',
    default: '0',
    describe: 'service: processes that serve (serve --workers)',
    coerce: wholeNumber('workers', 0, 256),
  },
  places: {
    type: 'string',
    describe:
      'service load: clients served at a time (twice the most that come); others wait, and most of them are refused when they are many',
    coerce: optional(wholeNumber('places', 1)),
  },
  points: {
    type: 'string',
    describe: 'service faults: messages of each party at which each fault happens (12)',
    coerce: optional(wholeNumber('points', 1)),
  },
  minutes: {
    type: 'string',
    default: '10',
    describe: 'service soak: at least so long',
    coerce: positiveNumber('minutes', { orZero: true, unit: 'minutes' }),
  },
  json: { type: 'boolean', default: false, describe: 'Print nothing but JSON on standard output' },
} as const;

export type BenchOptions = OptionsOf<typeof OPTIONS> & OptionsOf<typeof POSITIONALS>;

/** Of a text, where `--tokens` is not given. */
export const USUAL_TOKENS = 128;

/** For figures of one size. @throws UsageError for a list of several */
export function single(name: string, values: readonly number[] | undefined, usual: number): number {
  if (values !== undefined && values.length !== 1)
    throw new UsageError(`--${name}: only bench scaling takes several, got ${values.join(',')}`);
  return values?.[0] ?? usual;
}

/** Aborts what the body started when the user interrupts. */
export async function abortable<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const forget = onInterrupt(() => controller.abort());
  try {
    return await body(controller.signal);
  } finally {
    forget();
  }
}
