import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/support/long-first.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**'],
    setupFiles: ['test/support/poison.ts', 'test/support/own-programs.ts'],
    pool: 'forks',
    // The runner's own default leaves one core idle, which on two is half of the machine.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongFirst },
    // Small trainings took more than a minute under a load of 14 on two cores.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
