import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { machineOfThis } from '../../util/living-process.js';

const folder = mkdtempSync(join(tmpdir(), 'atomically-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of no process: numbers end below. */
const DEAD = 4194305;

it('removes what a killed process left of the same file, and nothing else', async () => {
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const left = (name: string, machine: string, pid: number) => `${name}.${machine}-${pid}-0123abcd.tmp`;
  const dead = left('results.jsonl', machineOfThis(), DEAD);
  const others = [
    left('results.jsonl', machineOfThis(), process.ppid),
    left('results.jsonl', 'ffffff', DEAD),
    left('points.jsonl', machineOfThis(), DEAD),
    'results.jsonl.tmp',
  ];
  for (const name of [dead, ...others]) writeFileSync(join(folder, name), 'half');
  const path = join(folder, 'results.jsonl');
  await writeFileAtomically(path, 'first');
  await writeFileAtomically(path, 'whole');
  expect(readFileSync(path, 'utf8')).toBe('whole');
  expect(readdirSync(folder).sort()).toEqual(['results.jsonl', ...others].sort());
  vi.restoreAllMocks();
});
