import { defineConfig } from 'vitest/config'

/** Suites that start real servers, machines and browsers: one file at a time, with time for a busy computer. */
export default defineConfig({
  test: {
    include: ['conformance/**/*.test.ts', 'faults/**/*.test.ts', 'e2e/**/*.test.ts', 'security/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    fileParallelism: false,
  },
})
