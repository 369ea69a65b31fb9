import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**'],
    setupFiles: ['test/support/poison.ts', 'test/support/own-programs.ts'],
    pool: 'forks',
    // Small trainings took more than a minute under a load of 14 on two cores.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
