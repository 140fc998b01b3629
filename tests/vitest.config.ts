import { defineConfig } from 'vitest/config'

/** Suites that start real servers, machines and browsers: one file at a time, with time for a busy computer. */
export default defineConfig({
  test: {
    include: ['support', 'conformance', 'faults', 'fidelity', 'fuzz', 'e2e', 'security'].map(
      (name) => `${name}/**/*.test.ts`,
    ),
    testTimeout: 180_000,
    hookTimeout: 180_000,
    fileParallelism: false,
  },
})
