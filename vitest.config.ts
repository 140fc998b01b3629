import { defineConfig } from 'vitest/config'

/** Unit tests, which stand beside the code. Suites that cross packages have their own configuration in `tests/`. */
export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.{ts,tsx}', 'services/*/src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts'],
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: 2,
  },
})
