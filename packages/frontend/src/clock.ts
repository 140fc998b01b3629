export { type Clock, systemClock } from '@pilot/protocol/link/clock'

/** A delay that doubles from `first` to at most `max` ms with full jitter, so that clients do not return together. */
export function backoff(attempt: number, first: number, max: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(max, first * 2 ** Math.min(attempt, 16)))
}
