/** Options of `bench`, and what its figures share. */

import { onInterrupt } from '../../util/interrupt.js';
import type { OptionsOf } from '../command.js';
import { fraction, optional, wholeNumber } from '../options.js';

export const POSITIONALS = {
  figures: {
    choices: ['kernels', 'protocols', 'inference', 'training', 'scaling'] as const,
    demandOption: true,
  },
} as const;

export const OPTIONS = {
  only: { type: 'string', array: true, describe: 'Only these kernels or protocols', requiresArg: true },
  model: {
    type: 'string',
    describe: 'tiny, mini, small, medium, base or large; minilm for training',
    requiresArg: true,
  },
  tokens: {
    type: 'string',
    default: '128',
    describe: 'Length of the text, special tokens included',
    coerce: wholeNumber('tokens', 2),
  },
  batch: {
    type: 'string',
    describe: 'Sentences in a training step (16), or in one protocol run of inference (1)',
    coerce: optional(wholeNumber('batch', 1)),
  },
  texts: {
    type: 'string',
    describe: 'inference: texts in all, one protocol run after another (one batch)',
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
    describe: 'inference: the method by its name (methods/)',
    requiresArg: true,
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
  counted: {
    type: 'boolean',
    default: false,
    describe: 'inference: bytes and rounds of two parties by shapes alone, seconds estimated; nothing runs',
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
  lengths: {
    type: 'string',
    default: '32-64-128-256-512',
    describe: 'scaling: lengths of the text, powers of two',
    requiresArg: true,
  },
  schedules: {
    choices: ['paper', 'none'] as const,
    array: true,
    default: ['paper', 'none'] as const,
    describe: 'scaling: with pruning, without, or both',
  },
  measure: {
    type: 'boolean',
    default: false,
    describe: 'scaling: run every point, for its seconds and memory',
  },
  out: {
    type: 'string',
    describe: 'scaling: keep points in this JSON file; those that it has are not made again',
    requiresArg: true,
  },
  figure: { type: 'string', describe: 'scaling: write the curves to this SVG file', requiresArg: true },
  cots: {
    choices: ['softspoken', 'ferret'] as const,
    describe: 'softspoken: least time (default); ferret: fewest bytes (default for wan)',
  },
  json: { type: 'boolean', default: false, describe: 'Print nothing but JSON on standard output' },
} as const;

export type BenchOptions = OptionsOf<typeof OPTIONS> & OptionsOf<typeof POSITIONALS>;

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
