import { defineConfig } from 'vitest/config';

// Run with `npm run test:page`.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/page/**/*.test.ts'],
    // The pages of the host come from its own vm_status, on the host's bench.
    globalSetup: ['test/host/tools.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
