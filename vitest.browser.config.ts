import { defineConfig } from 'vitest/config';

/** Tests in a real browser: `npm run test:browser`, after `npm run build`. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
