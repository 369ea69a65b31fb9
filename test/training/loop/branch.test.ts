import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseRunConfig } from '../../../config/load.js';
import { branchRun } from '../../../training/loop/branch.js';
import { denseOnly, literal, temporaryRuns } from './tiny-runs.js';

const { inFolder, train } = temporaryRuns();

it.skipIf(process.platform === 'win32')(
  'a run from a dense one has its whole checkpoint or none, so that the next attempt begins anew',
  async () => {
    await train('dense', denseOnly);
    const wanted = parseRunConfig(literal({ ...denseOnly, masks: { keep: 0.5 } }), 'test');
    // A copy fails here after the other files, wherever the disk is full or the process is killed in practice.
    const pipe = inFolder('dense', 'checkpoint', 'zz');
    execFileSync('mkfifo', [pipe]);
    await expect(branchRun(inFolder('dense'), wanted, inFolder('run'))).rejects.toThrow(/FIFO/i);
    expect(readdirSync(inFolder('run')).sort()).toEqual(['metrics.jsonl', 'origin.json', 'run.json']);
    execFileSync('rm', [pipe]);
    await branchRun(inFolder('dense'), wanted, inFolder('run'));
    expect(readdirSync(inFolder('run', 'checkpoint'))).toEqual(readdirSync(inFolder('dense', 'checkpoint')));
    expect(existsSync(inFolder('run', 'origin.json'))).toBe(true);
  },
);
