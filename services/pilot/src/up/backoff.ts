/** Delays between restarts of a child: 0.25 s, doubled up to 10 s. A child that ran this long starts over. */
const FIRST_MS = 250
const MOST_MS = 10_000
export const STABLE_MS = 30_000

/** The delay before restart number `attempt` (from 0), in milliseconds. */
export function restartDelay(attempt: number): number {
  return Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 16))
}
