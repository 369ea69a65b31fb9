/** What the declarations say of defaults, which nobody sees but in an editor, is what the code takes. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  DEFAULT_AHEAD_MEGABYTES,
  DEFAULT_HOST,
  DEFAULT_MAX_CLIENTS,
  DEFAULT_POOLS_MEGABYTES,
  DEFAULT_PORT,
  DEFAULT_QUEUE_LENGTH,
  DEFAULT_TIMEOUT_MILLISECONDS,
} from '../../api/defaults.js';
import { DEFAULT_ANSWER } from '../../inference/core/answer.js';
import { packageFile } from '../../util/package-file.js';

/** The comment right before a field of an interface. */
function commentOf(file: string, field: string): string {
  const text = readFileSync(packageFile('api', file), 'utf8');
  const end = text.search(new RegExp(`\\n +readonly ${field}\\??:`));
  return text.slice(text.lastIndexOf('/**', end), end);
}

it.each([
  ['connect.ts', 'host', DEFAULT_HOST],
  ['connect.ts', 'port', String(DEFAULT_PORT)],
  ['connect.ts', 'timeoutMilliseconds', DEFAULT_TIMEOUT_MILLISECONDS.toLocaleString('en')],
  ['serve-options.ts', 'host', DEFAULT_HOST],
  ['serve-options.ts', 'port', String(DEFAULT_PORT)],
  ['serve-options.ts', 'timeoutMilliseconds', DEFAULT_TIMEOUT_MILLISECONDS.toLocaleString('en')],
  ['serve-options.ts', 'maxClients', String(DEFAULT_MAX_CLIENTS)],
  ['serve-options.ts', 'queueLength', String(DEFAULT_QUEUE_LENGTH)],
  ['serve-options.ts', 'aheadMegabytes', String(DEFAULT_AHEAD_MEGABYTES)],
  ['serve-options.ts', 'poolsMegabytes', DEFAULT_POOLS_MEGABYTES.toLocaleString('en')],
  [
    'serve-options.ts',
    'answer',
    `${DEFAULT_ANSWER.kind.replace('probability', 'probabilities')} to ${DEFAULT_ANSWER.bits}`,
  ],
])('%s: the default of %s is %s', (file, field, value) => {
  expect(commentOf(file, field)).toContain(`${value} by default`);
});
