import { defineConfig } from 'vitest/config'

const files = (...folders: string[]) => folders.map((name) => `${name}/**/*.test.ts`)

/**
 * Suites that start real servers, machines and browsers, with time for a busy computer. What measures how soon something
 * is noticed, or draws in a browser, has the computer to itself; the others run two at a time.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'in pairs',
          include: files('support', 'conformance', 'fidelity', 'fuzz', 'security'),
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'alone',
          include: files('faults', 'e2e'),
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
