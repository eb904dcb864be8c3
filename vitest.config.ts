import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // By default a machine with two cores gets one worker, and most of these tests wait for child processes.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/vm/**', 'test/page/**', 'test/host/**', 'test/guest/**', 'test/cli/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'program',
          include: ['test/cli/**/*.test.ts'],
          // Compiles the program once for all tests that start it; no other test waits for that.
          globalSetup: ['test/cli/setup.ts'],
        },
      },
    ],
  },
});
