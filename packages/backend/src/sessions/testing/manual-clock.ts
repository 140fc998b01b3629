import type { SessionClock } from '../ports.ts'

/** A clock that moves only when told to. */
export interface ManualClock extends SessionClock {
  /** Moves time on and runs what is due, in order. */
  advance(ms: number): void
  /** Timers that have not run and are not cancelled. */
  pending(): number
}

export function manualClock(start = '2026-01-01T00:00:00.000Z'): ManualClock {
  let time = new Date(start).getTime()
  const timers = new Set<{ at: number; run: () => void }>()
  return {
    now: () => new Date(time),
    after(ms, run) {
      const timer = { at: time + ms, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      const until = time + ms
      for (;;) {
        const [next] = [...timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        time = Math.max(time, next.at)
        next.run()
      }
      time = until
    },
    pending: () => timers.size,
  }
}
