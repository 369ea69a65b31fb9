/** Options and defaults that commands around inference share. */

import { DEFAULT_TIMEOUT_MILLISECONDS } from '../api/defaults.js';
import { DEFAULT_ANSWER, LEAST_ANSWER_BITS, MOST_ANSWER_BITS } from '../inference/core/answer.js';
import { COT_KINDS, DEFAULT_COTS } from '../inference/core/cot-kind.js';
import { LINE_WISHES } from '../inference/core/line-speed.js';
import { MULTIPLYING_PARTIES } from '../inference/core/mutual.js';
import { SUITES } from '../inference/core/suite.js';
import { TOKENIZER_LIBRARIES } from '../model/tokenizer/tokenizer-library.js';
import { optional, wholeNumber } from './options.js';

export const timeoutOption = {
  type: 'string',
  default: String(DEFAULT_TIMEOUT_MILLISECONDS / 1_000),
  describe: 'Seconds without a byte from the peer before it is given up',
  coerce: wholeNumber('timeout', 1, 86_400, 'seconds'),
} as const;

export const graceOption = {
  type: 'string',
  default: '60',
  describe: 'Seconds that texts at work have to finish after SIGTERM; the exit code is 0 then',
  coerce: wholeNumber('grace', 0, 86_400, 'seconds'),
} as const;

export const httpOption = {
  type: 'string',
  describe: 'Port for /healthz, /readyz and /metrics over HTTP; 0 picks a free one',
  coerce: optional(wholeNumber('http', 0, 65535)),
} as const;

export const tokenizerLibraryOption = {
  choices: TOKENIZER_LIBRARIES,
  default: 'own',
  describe:
    "Whose code splits texts: ours, which gives the reference library's ids, or @xenova/transformers where it is installed",
} as const;

export const jsonOption = {
  type: 'boolean',
  default: false,
  describe: 'Print nothing but JSON on standard output',
} as const;

export const batchOption = {
  type: 'string',
  default: '1',
  describe:
    'Texts in one protocol run, rounds shared: on slow networks as many times faster. Time and bytes of a text are then its ' +
    'even share, rounds those of the run, and "batch" has the totals',
  coerce: wholeNumber('batch', 1, 64),
} as const;

export const cotsOption = {
  choices: COT_KINDS,
  default: DEFAULT_COTS,
  describe:
    'How oblivious transfers are made: softspoken takes the least time, ferret the fewest bytes (for slow networks)',
} as const;

export const checksOption = {
  type: 'boolean',
  default: false,
  describe:
    'Both parties show that they keep to the extension of oblivious transfers, whichever of them asks for it: who ' +
    "deviates there is found out before it learns the other's key. docs/threat-model.md says what that does not cover",
} as const;

export const suiteOption = {
  choices: SUITES,
  describe:
    'Only this symmetric cryptography: aes, or chacha for machines without AES instructions. Without it the two ends agree on what is ' +
    'fast for both',
} as const;

export const multiplyOption = {
  choices: MULTIPLYING_PARTIES,
  describe:
    'Who multiplies shared matrices: both parties at the same time, half each (default, unless the server has more than twice the ' +
    'processors, is on this machine, or this runs in WebAssembly), or the server alone',
} as const;

export const lineOption = {
  choices: LINE_WISHES,
  default: 'auto',
  describe:
    'How fast the line is: on a slow one (some 200 Mbit/s) a text takes fewer bytes and more work. auto: what the other end wants, else slow ' +
    'where a round trip takes more than 5 ms',
} as const;

export const answerBits = wholeNumber('answer-bits', LEAST_ANSWER_BITS, MOST_ANSWER_BITS);

export const answerBitsOption = {
  type: 'string',
  default: String(DEFAULT_ANSWER.bits),
  describe: 'Fraction bits to which probabilities or logits are rounded before anybody sees them',
  coerce: answerBits,
} as const;

export const warmOption = {
  type: 'string',
  default: '0',
  describe:
    'Have material for so many texts made before they come: at the beginning, and again while nothing else is to do. Faster texts; ' +
    'the cost is reported apart, as offline',
  coerce: wholeNumber('warm', 0, 10_000),
} as const;

export const poolOption = {
  type: 'string',
  describe:
    'File that keeps what is left of the material until the next time; the server keeps its part (serve --pools), else both discard it',
  requiresArg: true,
} as const;

export const privateEmbeddingOption = {
  type: 'boolean',
  default: false,
  describe: 'Keep the word table secret too: clients look their words up by a private product',
} as const;

export const limitOption = {
  type: 'string',
  describe: 'Only the first N examples',
  coerce: optional(wholeNumber('limit', 1)),
} as const;

/** What computes floats: the encoder that is trained or verified. */
export const backendOption = {
  choices: ['auto', 'native', 'tensorflow', 'cpu'] as const,
  default: 'auto' as const,
  describe: 'auto is native: our kernels; tensorflow wants @tensorflow/tfjs-node to be installed',
} as const;
