import { defineConfig } from 'vitest/config';

// Run with `npm run test:guest`.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/guest/**/*.test.ts'],
    globalSetup: ['test/guest/setup.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
