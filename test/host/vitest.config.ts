import { defineConfig } from 'vitest/config';

// Run with `npm run test:host`.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/host/**/*.test.ts'],
    globalSetup: ['test/host/tools.ts'],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
