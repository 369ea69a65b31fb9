/** Options of commands that decide what a model opens. */
import { DEFAULT_SCHEDULE_QUANTILE } from '../config/schedule-quantile.js';
import { fraction } from './options.js';

export const opensOption = {
  choices: ['schedule', 'counts'] as const,
  default: 'schedule' as const,
  describe:
    'What runs of the model open beside the answer: nothing, since public numbers of tokens stay in each layer (schedule), or how ' +
    'many tokens the thresholds keep (counts)',
};

export const scheduleQuantileOption = {
  type: 'string',
  default: String(DEFAULT_SCHEDULE_QUANTILE),
  describe: 'Of the schedule: this share of the texts keeps no more tokens by the thresholds',
  coerce: fraction('schedule-quantile'),
} as const;
