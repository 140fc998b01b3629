import { PilotError } from '@pilot/domain/errors'
import type { SessionLog } from './ports.ts'

/** Work that waits in one lane, the running one included. */
export const LANE_LIMIT = 64

/** Background work of the session service: every promise is known, so that closing can wait for it. */
export interface Tasks {
  /** Runs `work` after everything that was put into the same lane before. Failures are logged, never thrown. */
  inLane(lane: string, work: () => Promise<void>): void
  /** True when the lane takes no more work. */
  full(lane: string): boolean
  /** Runs `work` by itself. Failures are logged. */
  run(work: () => Promise<void>): void
  /** Resolves when nothing is under way any more. */
  drained(): Promise<void>
}

export function createTasks(log: SessionLog): Tasks {
  const lanes = new Map<string, { tail: Promise<void>; depth: number }>()
  const running = new Set<Promise<void>>()

  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      // A session may be deleted under work that was under way; nobody misses it then.
      if (!(error instanceof PilotError && error.code === 'SESSION_NOT_FOUND')) log('session work failed', error)
    }
  }

  function track(promise: Promise<void>): void {
    running.add(promise)
    void promise.finally(() => running.delete(promise))
  }

  return {
    inLane(name, work) {
      const lane = lanes.get(name) ?? { tail: Promise.resolve(), depth: 0 }
      lanes.set(name, lane)
      lane.depth += 1
      const previous = lane.tail
      lane.tail = (async () => {
        await previous
        await guarded(work)
        lane.depth -= 1
        if (lane.depth === 0) lanes.delete(name)
      })()
      track(lane.tail)
    },
    full: (name) => (lanes.get(name)?.depth ?? 0) >= LANE_LIMIT,
    run(work) {
      track(guarded(work))
    },
    async drained() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

/** The result of `promise`, or RUNTIME_TIMEOUT after `ms`. The promise itself goes on. */
export async function within<T>(
  ms: number,
  after: (ms: number, run: () => void) => () => void,
  promise: Promise<T>,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const cancel = after(ms, () => reject(new PilotError('RUNTIME_TIMEOUT')))
  try {
    return await Promise.race([promise, late])
  } finally {
    cancel()
    // A race leaves the loser behind: its failure has been answered for.
    promise.catch(() => undefined)
  }
}
