import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { MetricsLog } from '../../../training/loop/progress.js';
import { readJsonLines } from '../../../util/json-lines.js';

const folder = mkdtempSync(join(tmpdir(), 'metrics-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('a line that was cut off when its process was killed takes no other with it', async () => {
  const file = join(folder, 'metrics.jsonl');
  await new MetricsLog(file).append('step', { step: 1 });
  appendFileSync(file, '{"event":"step","st');
  const log = new MetricsLog(file);
  await log.append('step', { step: 2 });
  await log.append('step', { step: 3 });
  expect(await readJsonLines(file)).toEqual([1, 2, 3].map((step) => ({ event: 'step', step })));
});
