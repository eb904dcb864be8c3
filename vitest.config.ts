import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/vm/**', 'test/host/**', 'test/guest/**'],
    // By default a machine with two cores gets one worker, and most of these tests wait for child processes.
    maxWorkers: 2,
    // Compiles the program once for all tests that start it.
    globalSetup: ['test/cli/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
